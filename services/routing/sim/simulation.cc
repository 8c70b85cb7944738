#include "services/routing/sim/simulation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/kernel/check.h"
#include "services/kernel/errors.h"
#include "services/kernel/testing/load_rows.h"
#include "services/routing/publish.h"
#include "services/routing/testing/world.h"
#include "trama/routing/v1/profile_question.pb.h"

namespace trama::routing::sim {
namespace {

const std::vector<std::string> kWorkspaces = {"demo", "other"};
const std::vector<std::string> kAgents = {"ana", "bruno", "carla", "dora", "elsa"};
const std::vector<std::string> kCustomers = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"};
const std::vector<std::string> kChannels = {"email", "sms"};
constexpr int kTicksAtOnceMax = 100'000;

}  // namespace

Simulation::Simulation(uint64_t seed, size_t awake_max)
    : awake_max_(awake_max), chance_(seed), now_(absl::FromUnixSeconds(1'767'225'600)) {
  for (const std::string& workspace : kWorkspaces) {
    config_.In(workspace);
    config_.Workspace().set_heartbeat_timeout("60s");
    config_.Workspace().set_reopen_window("10m");
    config_.Queue("general").set_order(100);
    config_.Queue("gold").set_order(10);
    (*config_.Queue("gold").mutable_when()->mutable_customer_facts())["segment"] = "gold";
    config_.Queue("gold").set_priority(2);
    config_.Queue("mail").set_order(20);
    config_.Queue("mail").mutable_when()->add_channels("email");
    testing::Require(config_.Queue("mail"), "writing", 3);
    config_.Queue("mail").mutable_wrap_up()->set_mode(config::v1::WrapUp::TIME_BOXED);
    config_.Queue("mail").mutable_wrap_up()->set_timeout("15s");
    config_.Code("done");
    for (const std::string& name : kAgents) {
      (*config_.Agent(name).mutable_skills())["writing"] = 1 + chance_.Below(6);
      agents_[workspace + "/" + name] = {.workspace = workspace, .name = name};
    }
    config_.Agent("elsa").add_queues("gold");
  }
  revision_ = config_.Next();
  audit_.KnowRevision(revision_.revision,
                      static_cast<const config::v1::Snapshot&>(*revision_.snapshot));
  TakeOver();
}

void Simulation::TakeOver() {
  machine_ = std::make_unique<RoutingMachine>(0, Rest{.awake_max = awake_max_});
  trama::testing::LoadRows(rows_, *machine_);
  read_ = committed_read_;
  Apply(TakenOver{++incarnation_});
  Commit();
  audit_.KnowTakeover(absl::ToUnixMillis(now_));
  Apply(revision_);
}

void Simulation::Apply(const Input& input) {
  Effects effects;
  machine_->Apply({.now = now_, .caught_up = read_ == log_.size() ? now_ : absl::InfinitePast()},
                  input, effects);
  machine_->CheckInvariants();
  for (const Push& push : effects.pushes) {
    if (push.proposal) Hear(push);
  }
  for (const Question& question : effects.questions) questions_.push_back(question.request);
  std::move(effects.records.begin(), effects.records.end(), std::back_inserter(pending_.records));
  std::move(effects.replies.begin(), effects.replies.end(), std::back_inserter(pending_.replies));
  std::move(effects.pushes.begin(), effects.pushes.end(), std::back_inserter(pending_.pushes));
}

void Simulation::RunDueTicks() {
  for (int ticks = 0; machine_->NextDeadline() <= now_; ++ticks) {
    TRAMA_CHECK(ticks < kTicksAtOnceMax);
    Apply(trama::Tick{});
  }
}

void Simulation::Commit() {
  for (const RowChange& change : machine_->TakeChangedRows()) {
    if (change.value) {
      rows_[change.key] = *change.value;
    } else {
      rows_.erase(change.key);
    }
  }
  machine_->CheckAtRest();
  committed_read_ = read_;
  for (const OutRecord& record : pending_.records) {
    trace_.push_back(
        absl::StrCat(record.type, " ", record.id, " ", absl::BytesToHexString(record.value)));
    audit_.Read(record);
  }
  for (const Push& push : pending_.pushes) {
    if (!push.proposal) Hear(push);
  }
  for (const trama::Reply& reply : pending_.replies) {
    const auto call = waiting_calls_.extract(reply.call);
    TRAMA_CHECK(!call.empty());  // Nobody is answered twice.
    // Not ToString(): it shows details in an order that changes from run to run.
    trace_.push_back(absl::StrCat(call.mapped().command_id, " ", reply.status.raw_code(), " ",
                                  ErrorReason(reply.status), reply.status.message()));
    if (reply.status.ok()) HearAnswer(call.mapped(), *reply.response);
    if (call.mapped().request->GetDescriptor() == v1::AcceptOfferRequest::descriptor()) {
      const auto& request = static_cast<const v1::AcceptOfferRequest&>(*call.mapped().request);
      audit_.KnowAccept(absl::StrCat(request.workspace(), "/", call.mapped().subject),
                        request.offer_id(), reply.status.ok(), ErrorReason(reply.status));
    }
  }
  pending_ = Effects();
}

void Simulation::Crash() {
  pending_ = Effects();
  questions_.clear();
  // Their clients see UNAVAILABLE and may ask again with the same id.
  for (auto& [id, call] : waiting_calls_) lost_calls_.push_back(std::move(call));
  waiting_calls_.clear();
  PassTime(20'000);
  TakeOver();
}

void Simulation::ReadLog(size_t count) {
  for (; count > 0 && read_ < log_.size(); --count) {
    const LogEntry entry = log_[read_++];
    Apply(entry);
  }
}

void Simulation::SomebodyWrites() {
  const std::string id = absl::StrCat("m", next_message_++);
  testing::Mail mail;
  mail.workspace = chance_.One(kWorkspaces);
  mail.from = chance_.One(kCustomers);
  mail.channel = chance_.One(kChannels);
  mail.thread = mail.from;
  mail.automatic = chance_.Percent(5);
  mail.facts_pending = chance_.Percent(10);
  if (chance_.Percent(30)) mail.facts["segment"] = "gold";
  v1::Work work = testing::World::WorkOf(id, mail, now_);
  work.mutable_source()->set_topic("trama.interactions.v1");
  work.mutable_source()->set_offset(source_position_++);
  audit_.KnowWork(work);
  LogEntry entry;
  entry.id = id;
  entry.message = std::make_shared<const v1::Work>(std::move(work));
  log_.push_back(std::move(entry));
}

void Simulation::SomethingIsRepeated() {
  if (log_.empty()) return;
  LogEntry entry = log_[static_cast<size_t>(chance_.Below(static_cast<int>(log_.size())))];
  if (chance_.Percent(50)) {
    // By the channel: the same interaction at another place of its topic.
    auto work = std::make_shared<v1::Work>(static_cast<const v1::Work&>(*entry.message));
    work->mutable_source()->set_offset(source_position_++);
    entry.message = std::move(work);
  }
  log_.push_back(std::move(entry));
}

void Simulation::Hear(const Push& push) {
  SimAgent& agent = agents_.at(push.stream);
  const auto& update = static_cast<const v1::AgentUpdate&>(*push.message);
  if (update.has_offer()) agent.offers.push_back(update.offer().offer_id());
  if (update.has_conversation()) agent.mine.insert(update.conversation().conversation_id());
}

void Simulation::HearAnswer(const Call& call, const google::protobuf::Message& response) {
  if (call.request->GetDescriptor() != v1::WatchAgentRequest::descriptor()) return;
  const auto& request = static_cast<const v1::WatchAgentRequest&>(*call.request);
  const auto& snapshot = static_cast<const v1::AgentUpdate&>(response).snapshot();
  SimAgent& agent = agents_.at(request.workspace() + "/" + call.subject);
  agent.offers.clear();
  agent.mine.clear();
  for (const v1::Offer& offer : snapshot.offers()) agent.offers.push_back(offer.offer_id());
  for (const auto& conversation : snapshot.conversations()) {
    agent.mine.insert(conversation.conversation_id());
  }
}

void Simulation::Reconnects(SimAgent& agent) {
  auto request = std::make_shared<v1::WatchAgentRequest>();
  request->set_workspace(agent.workspace);
  Send(agent, std::move(request));
}

void Simulation::Send(SimAgent& agent, MessagePtr request) {
  Call call{.subject = agent.name,
            .command_id = absl::StrCat("command-", next_command_++),
            .request = std::move(request)};
  Submit(call);
  // A client that is impatient asks twice.
  if (!is_quiet_ && chance_.Percent(5)) Submit(call);
}

void Simulation::Submit(const Call& call) {
  Command command;
  command.call = next_call_++;
  command.caller = {.subject = call.subject, .workspace = "", .roles = {"agent"}};
  command.id = call.command_id;
  command.request = call.request;
  waiting_calls_.emplace(command.call, call);
  Apply(command);
}

void Simulation::AnAgentAnswersOffer(SimAgent& agent, bool accept) {
  // Now and then somebody takes what another one was offered.
  const bool is_thief = !is_quiet_ && accept && chance_.Percent(3);
  SimAgent& asked = is_thief ? agents_.at(agent.workspace + "/" + chance_.One(kAgents)) : agent;
  if (asked.offers.empty()) return;
  // Mostly the newest; now and then one that is long over.
  const size_t index =
      is_quiet_ || chance_.Percent(80)
          ? asked.offers.size() - 1
          : static_cast<size_t>(chance_.Below(static_cast<int>(asked.offers.size())));
  const std::string offer = asked.offers[index];
  if (!is_thief) asked.offers.erase(asked.offers.begin() + static_cast<int64_t>(index));
  if (accept) {
    auto request = std::make_shared<v1::AcceptOfferRequest>();
    request->set_workspace(agent.workspace);
    request->set_offer_id(offer);
    return Send(agent, std::move(request));
  }
  auto request = std::make_shared<v1::DeclineOfferRequest>();
  request->set_workspace(agent.workspace);
  request->set_offer_id(offer);
  Send(agent, std::move(request));
}

void Simulation::AnAgentWorks(SimAgent& agent) {
  if (agent.mine.empty()) return;
  const std::string conversation =
      *std::next(agent.mine.begin(), chance_.Below(static_cast<int>(agent.mine.size())));
  const int what = chance_.Below(3);
  if (what == 0) {
    auto request = std::make_shared<v1::ReplyRequest>();
    request->set_workspace(agent.workspace);
    request->set_conversation_id(conversation);
    request->add_parts()->mutable_text()->set_body(absl::StrCat("answer ", next_command_));
    request->set_resolve(chance_.Percent(30));
    return Send(agent, std::move(request));
  }
  if (what == 1) {
    auto request = std::make_shared<v1::ResolveRequest>();
    request->set_workspace(agent.workspace);
    request->set_conversation_id(conversation);
    return Send(agent, std::move(request));
  }
  auto request = std::make_shared<v1::CompleteWrapUpRequest>();
  request->set_workspace(agent.workspace);
  request->set_conversation_id(conversation);
  request->add_codes("done");
  Send(agent, std::move(request));
  agent.mine.erase(conversation);
}

void Simulation::PresenceChanges(SimAgent& agent) {
  auto request = std::make_shared<v1::SetPresenceRequest>();
  request->set_workspace(agent.workspace);
  const bool comes = is_quiet_ || chance_.Percent(70);
  request->set_presence(comes ? agent::v1::PRESENCE_AVAILABLE
                              : static_cast<agent::v1::Presence>(1 + chance_.Below(4)));
  Send(agent, std::move(request));
}

void Simulation::AnAgentActs(SimAgent& agent) {
  const int what = chance_.Below(100);
  if (what < 35) return AnAgentAnswersOffer(agent, /*accept=*/true);
  if (what < 45) return AnAgentAnswersOffer(agent, /*accept=*/false);
  if (what < 80) return AnAgentWorks(agent);
  if (what < 83) return Reconnects(agent);
  PresenceChanges(agent);
}

void Simulation::ConfigurationChanges() {
  config_.In(chance_.One(kWorkspaces));
  const std::string& name = chance_.One(kAgents);
  switch (chance_.Below(5)) {
    case 0:
      (*config_.Agent(name).mutable_skills())["writing"] = 1 + chance_.Below(6);
      break;
    case 1:
      config_.Agent(name).set_units(25 * (1 + chance_.Below(5)));
      break;
    case 2:
      config_.Remove("Agent", name);
      break;
    case 3:
      config_.Remove("Queue", "gold");
      break;
    default:
      config_.Queue("gold").set_order(10);
      (*config_.Queue("gold").mutable_when()->mutable_customer_facts())["segment"] = "gold";
      config_.Queue("gold").set_priority(chance_.Below(4));
  }
  revision_ = config_.Next();
  audit_.KnowRevision(revision_.revision,
                      static_cast<const config::v1::Snapshot&>(*revision_.snapshot));
  Apply(revision_);
}

void Simulation::ProfileAnswers() {
  if (questions_.empty()) return;
  const MessagePtr request = questions_.front();
  questions_.erase(questions_.begin());
  if (!is_quiet_ && chance_.Percent(10)) return;  // Lost.
  const auto& question = static_cast<const v1::ProfileQuestion&>(*request);
  if (!is_quiet_ && chance_.Percent(30)) {
    return Apply(Answer{request, absl::UnavailableError("profile is down"), nullptr});
  }
  auto answer = std::make_shared<v1::ProfileAnswer>();
  answer->set_known(true);
  answer->set_customer_id("canonical:" + question.identifier_key());
  if (chance_.Percent(50)) (*answer->mutable_facts())["segment"] = "gold";
  answer->mutable_identifier()->set_value(question.identifier_key().substr(4));
  answer->set_address(question.identifier_key());
  Apply(Answer{request, absl::OkStatus(), std::move(answer)});
}

void Simulation::PassTime(int64_t ms_max) {
  now_ += absl::Milliseconds(chance_.Below(static_cast<int>(ms_max)));
}

void Simulation::Step() {
  const int what = chance_.Below(1000);
  const auto agent = std::next(agents_.begin(), chance_.Below(static_cast<int>(agents_.size())));
  if (what < 200) {
    SomebodyWrites();
  } else if (what < 230) {
    SomethingIsRepeated();
  } else if (what < 600) {
    AnAgentActs(agent->second);
  } else if (what < 610) {
    ConfigurationChanges();
  } else if (what < 660) {
    ProfileAnswers();
  } else if (what < 680 && !lost_calls_.empty()) {
    const Call call = lost_calls_.back();
    lost_calls_.pop_back();
    Submit(call);
  } else if (what < 850) {
    ReadLog(static_cast<size_t>(1 + chance_.Below(5)));
  } else if (what < 940) {
    PassTime(chance_.Percent(5) ? 400'000 : 3'000);
    // A loop that is late with its ticks is as possible as one that is in time.
    if (chance_.Percent(90)) RunDueTicks();
  } else if (what < 995) {
    Commit();
  } else {
    Crash();
  }
}

void Simulation::RunSteps(int steps) {
  for (int i = 0; i < steps; ++i) Step();
}

bool Simulation::RunUntilQuiet() {
  constexpr int kRoundsMax = 3'000;
  is_quiet_ = true;
  for (const std::string& workspace : kWorkspaces) {
    config_.In(workspace);
    for (const std::string& name : kAgents) {
      (*config_.Agent(name).mutable_skills())["writing"] = 10;
      config_.Agent(name).clear_queues();
    }
  }
  revision_ = config_.Next();
  audit_.KnowRevision(revision_.revision,
                      static_cast<const config::v1::Snapshot&>(*revision_.snapshot));
  Apply(revision_);
  for (int round = 0; round < kRoundsMax; ++round) {
    ReadLog(log_.size());
    for (auto& [stream, agent] : agents_) {
      Reconnects(agent);
      PresenceChanges(agent);
      AnAgentAnswersOffer(agent, /*accept=*/true);
      AnAgentWorks(agent);
    }
    while (!questions_.empty()) ProfileAnswers();
    PassTime(2'000);
    RunDueTicks();
    Commit();
    if (read_ == log_.size() && audit_.open_count() == 0) return true;
  }
  return false;
}

std::vector<std::string> Simulation::Complaints() {
  audit_.CheckComplete();
  return audit_.complaints();
}

}  // namespace trama::routing::sim

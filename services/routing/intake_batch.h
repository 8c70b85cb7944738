#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/base/span.h"
#include "services/platform/config/config_view.h"
#include "services/platform/kafka/record.h"
#include "services/platform/kafka/topics.h"
#include "trama/interaction/v1/interaction_events.pb.h"
#include "trama/profile/v1/profile_service.pb.h"
#include "trama/routing/v1/work.pb.h"

namespace trama::routing {

struct IntakeTopics {
  std::string interactions = platform::kInteractions;
  std::string work = platform::kWork;
  std::string dead_letters = platform::kDeadLetters;
};

// A question to profile: who are these senders of one workspace?
struct SenderQuestion {
  profile::v1::ResolveRequest request;
  std::string traceparent;  // Of the first of them.
};

// The records of one poll on their way to `work`. Every record becomes one record: of `work` when
// it can be routed, otherwise a dead letter with the original whole. No I/O; the steps in order:
// constructor, Questions, TakeAnswer for each, Records.
class IntakeBatch {
 public:
  // The identity secret of a workspace, as IdentitySecrets::Of.
  using SecretOf = std::function<absl::StatusOr<std::string>(const std::string& workspace)>;

  // `channels`: by which an answer can go out. Nobody could answer what came by another one.
  IntakeBatch(const std::vector<platform::Record>& records, const platform::ConfigView& config,
              const std::set<std::string>& channels, const SecretOf& secret_of);

  // One for each workspace that has senders to be known.
  std::vector<SenderQuestion> Questions() const;
  // The answer to the question of that index. What it does not answer stays pending: the engine
  // asks again.
  void TakeAnswer(size_t question, const absl::StatusOr<profile::v1::ResolveResponse>& answer);

  // In the order in which the interactions were read; then the dead letters.
  absl::StatusOr<std::vector<platform::Record>> Records(const IntakeTopics& topics,
                                                        absl::Time now) const;

  size_t work_count() const { return items_.size(); }
  size_t dead_letter_count() const { return refused_.size(); }
  // Interactions whose sender profile was not able to tell.
  size_t pending_count() const;
  // Why records became dead letters: "<place>: <reason>".
  std::vector<std::string> Complaints() const;

 private:
  struct Item {
    v1::Source source;
    interaction::v1::Interaction interaction;
    std::string secret;  // Of the workspace.
    int32_t partition = 0;
    platform::Span span;  // Until its batch is written.
    std::optional<profile::v1::Resolution> resolution;
  };
  struct Refused {
    platform::Record record;
    std::string reason;
    std::string workspace;
  };

  static absl::StatusOr<platform::Record> WorkRecord(const Item& item, const std::string& topic,
                                                     absl::Time now);

  std::vector<Item> items_;
  std::vector<Refused> refused_;
  // Those whose senders are asked for, by workspace.
  std::map<std::string, std::vector<size_t>> asked_;
};

}  // namespace trama::routing

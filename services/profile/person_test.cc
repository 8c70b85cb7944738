#include "services/profile/person.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/profile/component.h"
#include "services/profile/row_set.h"
#include "services/profile/testing.h"
#include "trama/interaction/v1/interaction_events.pb.h"

namespace trama::profile {
namespace {

using interaction::v1::Consent;
using testing::At;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::kWorkspace;
using ::testing::Pair;

Member Known(const std::string& id, int64_t first_seen) {
  Member member;
  member.row.set_customer_id(id);
  *member.row.mutable_first_seen_at() = At(first_seen);
  *member.row.mutable_last_seen_at() = At(first_seen);
  return member;
}

TEST(PersonTest, TheOldestIdentifierGivesTheCanonicalIdAndTiesGoById) {
  EXPECT_EQ(Person({Known("b", 2), Known("a", 3)}, {}).customer_id(), "b");
  EXPECT_EQ(Person({Known("b", 2), Known("a", 2)}, {}).customer_id(), "a");
}

TEST(PersonTest, AnIdentifierWithoutAMessageIsYoungerThanAnyWithOne) {
  Member described;
  described.row.set_customer_id("a");
  const Person person({described, Known("b", 9)}, {});
  EXPECT_EQ(person.customer_id(), "b");
  EXPECT_TRUE(person.known());
  EXPECT_FALSE(Person({described}, {}).known());
}

TEST(PersonTest, ConsentIsTheMostRestrictiveOfAllIdentifiers) {
  Member first = Known("a", 1);
  Member second = Known("b", 2);
  (*first.row.mutable_consent())["sms"] = Consent::ACTION_OPT_OUT;
  (*second.row.mutable_consent())["sms"] = Consent::ACTION_OPT_IN;
  (*second.row.mutable_consent())["email"] = Consent::ACTION_OPT_IN;
  const Person person({first, second}, {});
  EXPECT_THAT(person.Consent(), ElementsAre(Pair("email", Consent::ACTION_OPT_IN),
                                            Pair("sms", Consent::ACTION_OPT_OUT)));
  EXPECT_THAT(person.Facts(), Contains(Pair("consent.sms", "opt_out")));
}

TEST(PersonTest, WhereAttributesDifferThoseOfTheOldestIdentifierCount) {
  Member older = Known("a", 1);
  Member younger = Known("b", 2);
  (*older.attributes.mutable_values())["segment"] = "gold";
  (*younger.attributes.mutable_values())["segment"] = "silver";
  (*younger.attributes.mutable_values())["value"] = "7";
  const Person person({younger, older}, {});
  EXPECT_THAT(person.Facts(), Contains(Pair("segment", "gold")));
  EXPECT_THAT(person.Facts(), Contains(Pair("value", "7")));
}

TEST(PersonTest, LanguageIsTheLastHeardUnlessAnAttributeSaysIt) {
  Member older = Known("a", 1);
  Member younger = Known("b", 2);
  older.row.set_language("pt");
  younger.row.set_language("en");
  EXPECT_THAT(Person({older, younger}, {}).Facts(), Contains(Pair("language", "en")));
  (*older.attributes.mutable_values())["language"] = "es";
  EXPECT_THAT(Person({older, younger}, {}).Facts(), Contains(Pair("language", "es")));
}

// A graph as Redis keeps it: every link at both its ends.
class Graph {
 public:
  void Link(const std::string& a, const std::string& b) {
    const std::string id = LinkIdOf(kWorkspace, a, b);
    Add(a, {b, id});
    Add(b, {a, id});
  }
  Component Find(const std::string& start) const {
    Component component(start);
    while (!component.Asks().empty()) {
      for (const std::string& id : component.Asks()) {
        const auto it = ends_.find(id);
        component.Answer(id, it == ends_.end() ? std::vector<Neighbour>() : it->second);
      }
    }
    return component;
  }

 private:
  void Add(const std::string& at, const Neighbour& neighbour) {
    std::vector<Neighbour>& all = ends_[at];
    if (std::find(all.begin(), all.end(), neighbour) == all.end()) all.push_back(neighbour);
  }
  std::map<std::string, std::vector<Neighbour>> ends_;
};

// Same links, any order, any direction, repeated: the same persons, from wherever one looks.
TEST(ComponentTest, TheOrderOfLinksMakesNoDifference) {
  constexpr int kIdentifiers = 12;
  std::mt19937 random(20260301);
  for (int round = 0; round < 200; ++round) {
    std::vector<Member> members;
    for (int i = 0; i < kIdentifiers; ++i) {
      members.push_back(Known("id" + std::to_string(i), random() % 4));
    }
    std::vector<std::pair<int, int>> links;
    for (int i = 0; i < 9; ++i)
      links.emplace_back(random() % kIdentifiers, random() % kIdentifiers);
    std::erase_if(links, [](const auto& link) { return link.first == link.second; });

    std::vector<std::string> answers;
    for (int order = 0; order < 4; ++order) {
      std::shuffle(links.begin(), links.end(), random);
      Graph graph;
      for (auto& [a, b] : links) {
        if (random() % 2 == 0) std::swap(a, b);
        graph.Link(members[a].row.customer_id(), members[b].row.customer_id());
        if (random() % 3 == 0)
          graph.Link(members[b].row.customer_id(), members[a].row.customer_id());
      }
      std::string answer;
      for (const Member& start : members) {
        const Component found = graph.Find(start.row.customer_id());
        std::vector<Member> own;
        for (const Member& member : members) {
          if (found.members().contains(member.row.customer_id())) own.push_back(member);
        }
        std::shuffle(own.begin(), own.end(), random);
        answer += DeterministicBytes(Person(own, {}).ToCustomer());
      }
      answers.push_back(answer);
    }
    EXPECT_THAT(answers, ::testing::Each(answers[0])) << "round " << round;
  }
}

TEST(ComponentTest, ALinkHasOneIdWhicheverEndIsNamedFirst) {
  EXPECT_EQ(LinkIdOf("demo", "a", "b"), LinkIdOf("demo", "b", "a"));
  EXPECT_NE(LinkIdOf("demo", "a", "b"), LinkIdOf("other", "a", "b"));
}

}  // namespace
}  // namespace trama::profile

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/kernel/machine.h"
#include "services/platform/engine/caught_up.h"
#include "services/platform/engine/loop_rows.h"

namespace trama::platform {

// A record on which the process dies must not stop a partition for ever, and an innocent one must
// not be set aside because machines get killed. So: after kDeathsBeforeCaution owners in a row that
// died before they had taken in what stood there when they began, the next one applies the records
// that the dead could have seen one at a time. Before each it notes in its offset row that it is
// about to; an owner that finds such a note knows on which record the last one died. The record of
// the kDeathsMax-th such death goes to the dead letters. Pure.
class Caution {
 public:
  static constexpr int kDeathsBeforeCaution = 2;
  static constexpr int kDeathsMax = 3;

  // `rows` as the last owner left them; `died`: it did not hand over, and it was not this process
  // losing touch with the broker. `ends`: of the inputs at the takeover.
  Caution(const LoopRows& rows, bool died, TopicOffsets ends);

  // The rows that the takeover writes because of how the last owner ended.
  std::vector<RowChange> TakeoverRows() const;

  enum class Way { kTogether, kAlone, kDeadLetter };
  Way WayOf(const std::string& topic, int64_t offset) const;

  // To be committed before a record is applied alone.
  RowChange AboutToApply(const std::string& topic, int64_t offset);
  // To be committed with its effects, whichever way it went: its position.
  RowChange Passed(const std::string& topic, int64_t offset);
  // Everything that stood in the inputs at the takeover was applied, so that whatever the dead died
  // of is not there: the row to be committed, if there were any.
  std::optional<RowChange> Lived();

  // The row of an owner that leaves in order.
  static RowChange Left();

  int deaths() const { return life_.deaths(); }

 private:
  engine::v1::LifeRow life_;
  std::map<std::string, engine::v1::OffsetRow> offsets_;
  std::vector<std::string> changed_;  // Topics whose offset row differs from what was found.
  TopicOffsets ends_;
};

}  // namespace trama::platform

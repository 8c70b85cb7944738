#pragma once

#include "services/platform/base/metrics.h"

namespace trama::platform {

// The metrics of every engine; README.md says what each one means for an operator.
struct EngineMetrics {
  explicit EngineMetrics(Metrics& metrics);

  GaugeFamily& lag;      // topic, partition
  GaugeFamily& serving;  // partition
  GaugeFamily& inbox;    // partition
  GaugeFamily& overdue;  // partition
  HistogramFamily& commit;
  HistogramFamily& batch_inputs;
  HistogramFamily& takeover;
  HistogramFamily& lateness;
  CounterFamily& inputs;   // kind
  CounterFamily& refused;  // reason
  CounterFamily& ownership_lost;
  CounterFamily& dead_letters;  // topic, why
  CounterFamily& alarms;        // kind
};

// Kinds of alarm.
inline constexpr char kAlarmClockJump[] = "clock_jump";
inline constexpr char kAlarmPositionGone[] = "position_gone";
inline constexpr char kAlarmTakeoverFailed[] = "takeover_failed";
inline constexpr char kAlarmCareful[] = "record_by_record";
inline constexpr char kAlarmDeadLetter[] = "dead_letter";

// Why a call was refused.
inline constexpr char kRefusedFull[] = "inbox_full";
inline constexpr char kRefusedNotOwner[] = "not_owner";
inline constexpr char kRefusedLate[] = "late";
inline constexpr char kRefusedLost[] = "lost";

}  // namespace trama::platform

#pragma once

#include <cstddef>
#include <cstdint>

// What the routing engine never exceeds.
namespace trama::routing {

// Work of one input; what is left follows with the next tick, which is then due at once.
inline constexpr size_t kMatchesPerInputMax = 64;     // Pairs of agent and conversation looked for.
inline constexpr size_t kTimersPerInputMax = 64;      // Due timers handled.
inline constexpr size_t kReconciledPerInputMax = 64;  // Conversations and agents a revision moves.
inline constexpr size_t kForgottenPerInputMax = 256;  // Rows that only had to be remembered.

// Of a conversation.
inline constexpr int kParticipantsMax = 64;
inline constexpr int kThreadKeysMax = 16;
inline constexpr int kVendorIdsMax = 16;
inline constexpr size_t kVendorIdMaxBytes = 998;  // A header line of RFC 5322.
inline constexpr int kFactsMax = 64;
inline constexpr size_t kFactMaxBytes = 256;
inline constexpr int kExclusionsMax = 64;
inline constexpr int kEndedOffersMax = 8;
inline constexpr int kMessageStatesMax = 32;
// How much of a message the conditions of queues look at.
inline constexpr size_t kConditionTextMaxBytes = 16 * 1024;

// So many that are over stay awake, those that somebody has asked for last: an answer's receipts, a
// note or the customer's thanks often come within seconds.
inline constexpr size_t kAwakeOverMax = 500;

// Of a workspace.
inline constexpr int kChannelClassesMax = 32;  // Channels beyond these share the last class.
inline constexpr int kPositionCountedMax = 100;

// Of dead letters: with its envelope a record may have 1 000 000 bytes.
inline constexpr size_t kDeadLetterValueMaxBytes = 900'000;

// Of requests.
inline constexpr int kPageSizeMax = 200;
inline constexpr int kPageSizeDefault = 50;
inline constexpr int kRowsPerReadMax = 2000;  // Looked at for one page.
inline constexpr size_t kReasonMaxBytes = 64;
inline constexpr size_t kReplyTextMaxBytes = 512 * 1024;
inline constexpr int kReplyPartsMax = 32;
inline constexpr size_t kNoteTextMaxChars = 10'000;
inline constexpr int kMentionsMax = 32;
inline constexpr size_t kSubjectMaxBytes = 998;
inline constexpr int kWrapUpCodesMax = 16;
inline constexpr size_t kCommandIdMaxBytes = 128;

// Of time, in milliseconds.
inline constexpr int64_t kPriorityStepMs = 60'000;        // What one step of priority is worth.
inline constexpr int64_t kSeenKeptMs = 48 * 3'600'000LL;  // Ids of interactions, at least.
inline constexpr int64_t kClosedKeptMs =
    48 * 3'600'000LL;  // Closed conversations, to be asked for.
inline constexpr int64_t kWrapUpTimeoutDefaultMs = 60'000;  // Of a time box that names none.
inline constexpr int64_t kAgeMaxMs = 7 * 24 * 3'600'000LL;  // How old a message may enter a queue.

// Questions to profile.
inline constexpr int kQuestionsInFlightMax = 256;
inline constexpr int64_t kQuestionPauseMs = 250;  // When as many are under way.
inline constexpr int64_t kQuestionRetryMinMs = 1'000;
inline constexpr int64_t kQuestionRetryMaxMs = 60'000;
inline constexpr int64_t kQuestionLostMs = 30'000;  // Without any answer it counts as lost.

}  // namespace trama::routing

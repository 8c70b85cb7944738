#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tools/cli/args.h"

// The commands, by subject.
namespace trama::tramactl {

std::vector<Command> ConfigCommands();        // apply, get, delete
std::vector<Command> RevisionCommands();      // config diff, history, rollback
std::vector<Command> ConversationCommands();  // conversations, agents, queues
std::vector<Command> CustomerCommands();      // customers, profile
std::vector<Command> FigureCommands();        // kpis, sla
std::vector<Command> TopicCommands();         // topics
std::vector<Command> AccessCommands();        // access
std::vector<Command> DeadLetterCommands();    // deadletter
std::vector<Command> AgentCommands();         // agent <name> ...
std::vector<Command> BlobCommands();          // blobs
std::vector<Command> CompletionCommands();    // completion

// Answers a shell that asks how `words` may go on.
void PrintCompletion(const CommandTable& table, const std::vector<std::string>& words,
                     const Environment& environment, std::ostream& out);

// All of them.
CommandTable MakeCommandTable();

}  // namespace trama::tramactl

#include "tools/cli/commands.h"

#include <iterator>
#include <utility>

#include "tools/cli/context.h"

namespace trama::tramactl {

CommandTable MakeCommandTable() {
  std::vector<Command> commands;
  for (std::vector<Command> some :
       {ConfigCommands(), RevisionCommands(), ConversationCommands(), CustomerCommands(),
        FigureCommands(), AgentCommands(), TopicCommands(), AccessCommands(), DeadLetterCommands(),
        BlobCommands(), CompletionCommands()}) {
    std::move(some.begin(), some.end(), std::back_inserter(commands));
  }
  return CommandTable("tramactl", "looks into Trama and works with it", GlobalFlags(),
                      std::move(commands));
}

}  // namespace trama::tramactl

// The tests of the engine start themselves again as children that may be killed.
#include <string_view>

#include "gmock/gmock.h"
#include "services/platform/engine/testing/engine_child.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--child") {
    return trama::platform::testing::RunEngineChild(argv[2]);
  }
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}

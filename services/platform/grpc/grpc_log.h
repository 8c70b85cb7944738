#pragma once

namespace trama::platform {

// From now on what gRPC itself complains of (refused handshakes, for example) stands in our log.
void TakeGrpcLog();

}  // namespace trama::platform

#pragma once

namespace trama::platform {

// For a thread whose work somebody reads later: from now on it, and those that it starts, get a
// core after the threads for which somebody waits (nice 10: about a tenth of what each of those
// gets, and all that they leave). Counts among the threads of one scheduling group: those of a
// container, or those of a session where the kernel groups by session (sched(7), "The autogroup
// feature").
void GoToBackground();

}  // namespace trama::platform

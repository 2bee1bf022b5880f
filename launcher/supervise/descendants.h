// Without a pid namespace the kernel does not end a tree at once; this does, as far as a process without it can.
#pragma once

namespace confide::launcher {

// Kills every process that descends from this one (a subreaper, prctl(2)) until none is left.
void end_descendants();

}  // namespace confide::launcher

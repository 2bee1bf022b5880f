// What the broker may ask the kernel once it has confined itself: files by descriptor and name, pipes and sockets that
// exist, locked memory, clocks, the keyring of a vault's key. No process is made or touched, nothing is executed, no
// socket opened, no memory made executable. docs/seccomp.md gives the reasons.
//
// Stricter than a sandbox's profile: what this program never asks kills it, because only an attacker would ask. What a
// newer C library may try first, and the calls that the table does not know, get ENOSYS.
#pragma once

#include "seccomp/filter_spec.h"

namespace confide::seccomp {

FilterSpec broker_filter();

}  // namespace confide::seccomp

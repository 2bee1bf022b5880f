// The one function between clone3 and execve (laws 5 and 6). It runs in a clone of the launcher, carries out the frozen
// operations in order, and becomes pid 1 of the sandbox: it starts the command, reaps, forwards signals, and ends with
// it.
//
// In this folder: no allocation, no locks, no stdio, no C++ runtime, nothing but system calls on plain data;
// scripts/check_child_symbols.py proves it of the object code.
#pragma once

#include "launcher/child/frozen_plan.h"

namespace confide::child {

// Never returns. A failure is one Report to the control socket and exit status 125.
[[noreturn]] void run_child(const FrozenPlan& plan) noexcept;

}  // namespace confide::child

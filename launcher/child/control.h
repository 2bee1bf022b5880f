// What the child and its supervisor say to each other over one SOCK_SEQPACKET pair. Fixed structs, one a message.
#pragma once

#include <cstdint>

namespace confide::child {

enum class ReportKind : uint32_t {
  kNote,      // step failed with errno `value`; the run goes on
  kFailed,    // step failed with errno `value`; nothing was launched
  kNeedMaps,  // waits for Order::kMapsWritten
  kStanding,  // everything is mounted; waits for Order::kSecrets
  kTerminal,  // carries the pty's master by SCM_RIGHTS; waits for Order::kTerminalReady
  // execve succeeded; `value` is the command's pid inside. Carries the mount namespace by SCM_RIGHTS after
  // kKeepNamespace.
  kRunning,
  kStopped,    // the command stopped by signal `value`
  kContinued,  // the command goes on
  kExited,     // wait status `value`
};
struct Report {
  ReportKind kind;
  uint32_t step;
  int32_t value;
  uint32_t op;  // index of the operation, for tests
};

enum class OrderKind : uint32_t {
  kMapsWritten,
  kTerminalReady,
  kSecrets,   // carries the delivery block, then one descriptor per `fd` delivery, by SCM_RIGHTS
  kSignal,    // signal `value` to the command's process group
  kContinue,  // SIGCONT, and the terminal's foreground back to the command
};
struct Order {
  OrderKind kind;
  int32_t value;
};

}  // namespace confide::child

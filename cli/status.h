// --status-fd: what happens during a run, one JSON object a line (docs/man/confide.1, STATUS).
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "launcher/launcher.h"
#include "supervisor/protocol.h"

namespace confide::cli {

// What is said of a run's output at its end.
enum class Concealing : uint8_t {
  kNothing,  // no secrets
  kOn,
  kOff,  // a person asked for it
};

class StatusWriter {
 public:
  // `fd` -1: says nothing. Error (kUsage): not an open, writable descriptor.
  static Result<StatusWriter> create(int fd, Concealing concealing);

  // A reader that is gone, or that reads nothing for a second, hears no more.
  void write(const launcher::Event& event);
  void write(const supervisor::RunMessage& message);
  void failed(const Error& error);

 private:
  StatusWriter(int fd, Concealing concealing) : fd_(fd), concealing_(concealing) {}
  int fd_;
  Concealing concealing_;
  std::vector<supervisor::MaskedMessage> masked_;  // what was counted, for the last event
};

}  // namespace confide::cli

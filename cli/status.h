// --status-fd: what happens during a run, one JSON object a line (docs/man/confide.1, STATUS).
#pragma once

#include "base/result.h"
#include "launcher/launcher.h"
#include "supervisor/protocol.h"

namespace confide::cli {

class StatusWriter {
 public:
  // `fd` -1: says nothing. Error (kUsage): not an open, writable descriptor.
  static Result<StatusWriter> create(int fd);

  void write(const launcher::Event& event) const;
  void write(const supervisor::RunMessage& message) const;
  void failed(const Error& error) const;

 private:
  explicit StatusWriter(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace confide::cli

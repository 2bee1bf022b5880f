// What the verbs about the vault and environments share: a person's folders, and one question to a broker of its own.
#pragma once

#include <string>

#include "broker/store_client.h"
#include "cli/print.h"

namespace confide::cli {

// Where a person's vault and configuration are: CONFIDE_VAULT, XDG_DATA_HOME, XDG_CONFIG_HOME, HOME. Empty where none
// of them is an absolute path. Nothing is made or opened.
broker::Folders persons_folders();

enum class Needs : uint8_t {
  kReading,  // folders may be absent
  kWriting,  // folders are made, mode 0700
};
// Asks, says the notes on standard error. `order.folders` and `environ_fd` are filled in here, `beside` is the
// caller's.
Result<broker::Answer> ask(broker::StoreOrder order, Needs needs);

// "3 days", "2 h", "just now": the time since then.
std::string age_of(int64_t seconds_since_1970);
// "2026-11-22 19:30 UTC".
std::string date_of(int64_t seconds_since_1970);

}  // namespace confide::cli

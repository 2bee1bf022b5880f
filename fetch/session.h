// What a store gave, and what it is still owed when the run ends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fetch/wire.h"

namespace confide::fetch {

class Session {
 public:
  virtual ~Session() = default;
  // One answer per want, in order; where the store cannot be spoken to, every one says why.
  std::vector<Answer> answer(const Request& request);
  // Lets go of every value that was read, once the answers are delivered; what renewing needs stays.
  virtual void forget() = 0;
  // In how many milliseconds something must be renewed; nothing: nothing ever, and the process may end.
  virtual std::optional<int64_t> renew_in_ms() = 0;
  virtual void renew() = 0;
  // Gives back what was only lent: leases, and a token of this session's own.
  virtual void end() = 0;

 protected:
  // What must stand before anything is asked for: an address, a token.
  virtual Fetched<void> prepare() = 0;
  virtual Fetched<std::string> resolve(const std::vector<std::string>& want) = 0;
};

std::unique_ptr<Session> open_vault(const Request& request);    // vault.cc
std::unique_ptr<Session> open_connect(const Request& request);  // connect.cc

}  // namespace confide::fetch

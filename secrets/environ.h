// The environment of the person who started a run, as the bytes of /proc/PID/environ: read by descriptor, so that no
// process between the shell and the broker looks at a value.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/reference.h"
#include "secrets/secret_buffer.h"

namespace confide::secrets {

// Is handed a value for as long as the call lasts.
using ValueSink = std::function<void(std::span<const std::byte>)>;

// Finds a variable and hands its value to the sink; false where it is not set.
using VariableSource = std::function<bool(std::string_view name, const ValueSink& sink)>;

// execve(2): arguments and environment together never exceed 6 MiB.
inline constexpr size_t kMaxEnvironBytes = size_t{6} << 20;

class Environ {
 public:
  Environ() = default;
  // `block`: NAME=VALUE, each ended by a NUL byte. What has no "=" is skipped.
  explicit Environ(SecretBuffer block) : block_(std::move(block)) {}
  static Result<Environ> read(int fd, Backing preferred = kBestBacking);

  // By exact name; the first entry counts, as in getenv(3).
  bool find(std::string_view name, const ValueSink& sink) const;
  // By exact name, else the only one that differs in case (docs/references.md, Variables).
  bool find_any_case(std::string_view name, const ValueSink& sink) const;
  VariableSource variables() const;

  // Variables whose whole value is a reference to a store (policy::names_a_store), malformed ones included.
  struct Candidate {
    std::string name;
    std::string text;  // safe: it begins with the prefix of a store's scheme
  };
  std::vector<Candidate> references() const;

  void for_each(const std::function<void(std::string_view name, std::span<const std::byte> value)>& visit) const;

 private:
  SecretBuffer block_;
};

}  // namespace confide::secrets

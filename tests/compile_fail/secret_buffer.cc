// A SecretBuffer cannot be copied, printed, compared, walked over, converted or dropped.
#include "secrets/secret_buffer.h"

#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace {

using confide::Result;
using confide::secrets::SecretArena;
using confide::secrets::SecretBuffer;
using Bytes = std::span<const std::byte>;

[[maybe_unused]] void copied(SecretBuffer& from) {
#ifdef MUST_FAIL
  SecretBuffer constructed = from;      // error: deleted
  Result<SecretBuffer> wrapped = from;  // error: (no viable conversion|conversion from|deleted)
  SecretBuffer assigned;
  assigned = from;  // error: deleted
#else
  SecretBuffer constructed = std::move(from);
  Result<SecretBuffer> wrapped = std::move(constructed);
  SecretBuffer assigned;
  assigned = std::move(*wrapped);
#endif
}

[[maybe_unused]] void printed(const SecretBuffer& secret) {
#ifdef MUST_FAIL
  std::cout << secret;                        // error: deleted
  std::cerr << "the key is " << secret;       // error: deleted
  (void)confide::cat("the key is ", secret);  // error: no matching function
#else
  std::cout << secret.size();
  (void)confide::cat("the size is ", secret.size());
#endif
}

[[maybe_unused]] bool compared(const SecretBuffer& left, const SecretBuffer& right) {
#ifdef MUST_FAIL
  if (left != right) return false;  // error: deleted
  return left == right;             // error: deleted
#else
  return confide::secrets::same_value(left, right);
#endif
}

[[maybe_unused]] void walked(const SecretBuffer& secret) {
#ifdef MUST_FAIL
  for (const auto byte : secret) (void)byte;  // error: begin
  (void)secret[0];                            // error: (no match for 'operator\[\]'|does not provide a subscript)
  (void)secret.data();                        // error: no member named
  (void)secret.begin();                       // error: no member named
  (void)secret.c_str();                       // error: no member named
#else
  (void)secret.reveal([](Bytes bytes) { return bytes.size(); });
#endif
}

[[maybe_unused]] void converted(const SecretBuffer& secret) {
#ifdef MUST_FAIL
  const std::string owned = secret;        // error: (no viable conversion|conversion from)
  const std::string_view text = secret;    // error: (no viable conversion|conversion from)
  const Bytes bytes = secret;              // error: (no viable conversion|conversion from)
  const bool truth = secret;               // error: (no viable conversion|cannot convert)
  const SecretBuffer literal = "hunter2";  // error: (no viable conversion|conversion from)
#else
  const bool empty = secret.empty();
  (void)empty;
#endif
}

[[maybe_unused]] void kept(const SecretBuffer& s) {
#ifdef MUST_FAIL
  (void)s.reveal([](Bytes b) { return b; });                              // error: must not point into
  (void)s.reveal([](Bytes b) { return b.data(); });                       // error: must not point into
  (void)s.reveal([](Bytes b) { return confide::secrets::as_text(b); });   // error: must not point into
  (void)s.reveal([](Bytes b) -> const std::byte& { return b.front(); });  // error: must not point into
#else
  (void)s.reveal([](Bytes b) { return b.empty(); });
#endif
}

SecretBuffer handed_over() { return SecretBuffer(); }

[[maybe_unused]] void dropped(SecretArena& arena) {
#ifdef MUST_FAIL
  handed_over();               // error: nodiscard
  SecretBuffer::create(16);    // error: nodiscard
  arena.create(16);            // error: nodiscard
  SecretArena second = arena;  // error: (deleted|implicitly-deleted)
#else
  const auto value = handed_over();
  const auto made = SecretBuffer::create(16);
  const auto carved = arena.create(16);
  SecretArena second = std::move(arena);
#endif
}

}  // namespace

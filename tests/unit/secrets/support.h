// Shared by the tests of secrets/: values in and out of buffers. Tests only: nothing else may turn a secret into a
// string.
#pragma once

#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "secrets/secret_buffer.h"

namespace confide::secrets::testing {

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline SecretBuffer secret(std::string_view text) { return SecretBuffer::copy_from(bytes_of(text)).value(); }

inline std::string text_of(const SecretBuffer& buffer) {
  return buffer.reveal([](std::span<const std::byte> bytes) { return std::string(as_text(bytes)); });
}

// CI sets CONFIDE_TESTS_MUST_WORK: what is missing there is a failure, not a skip.
inline bool must_work() { return std::getenv("CONFIDE_TESTS_MUST_WORK") != nullptr; }

}  // namespace confide::secrets::testing

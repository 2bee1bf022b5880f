// Values that nobody chose: `--generate KIND`.
#pragma once

#include <string>
#include <string_view>

#include "secrets/secret_buffer.h"

namespace confide::vault {

// What may be asked for, for helps and errors.
std::string_view generator_kinds();

// "alnum", "hex", "base64url", "password" (with punctuation that needs no quoting in URLs), "uuid"; a length after a
// colon ("alnum:40", 8 to 1024 characters; hex counts digits). Error (kUsage).
Result<secrets::SecretBuffer> generate(std::string_view kind, secrets::SecretArena& arena);
// The same without a value: whether `generate` would take it.
Status check_generator(std::string_view kind);

}  // namespace confide::vault

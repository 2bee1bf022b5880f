// Asking a person for a value on their terminal, without echo. The characters go from the terminal straight into locked
// memory; the kernel's line editing, which would keep them, is switched off for as long.
#pragma once

#include <string_view>

#include "base/result.h"
#include "secrets/secret_buffer.h"

namespace confide::broker {

// One line. Backspace and Ctrl-U edit; Ctrl-C and Ctrl-D at the beginning end it with an error (kRefused), and so does
// a terminal that goes away.
Result<secrets::SecretBuffer> ask(int terminal, std::string_view prompt, secrets::SecretArena& arena);
// The same line typed twice. Error (kRefused): they differ.
Result<secrets::SecretBuffer> ask_twice(int terminal, std::string_view prompt, secrets::SecretArena& arena);

}  // namespace confide::broker

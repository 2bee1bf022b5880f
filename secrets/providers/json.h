// One text out of a JSON document (RFC 8259), without the document or anything of it ever leaving locked memory: the
// usual libraries put every string they meet on the heap, where a value must not lie.
#pragma once

#include <string_view>

#include "secrets/secret_buffer.h"

namespace confide::secrets {

// `path`: names and numbers with "." in between ("data.data.key", "items.0.name"); a name may be quoted ("a.b") with
// \" and \\ in it; "fields[name=KEY]" is the first object of a list whose `name` is the text KEY. Numbers, true and
// false come out as they are written; null, lists and objects are no text. Errors: kRefused, with the path and the
// cause and nothing of the document.
Result<SecretBuffer> json_text(const SecretBuffer& document, std::string_view path, SecretArena& arena);

}  // namespace confide::secrets

// What is secret within a value: the password of a URL or connection string, secret fields of a JSON object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace confide::masking {

// Calls `fn` with each component, as it is written and, where that differs, decoded (percent-encoding in URLs, escapes
// in JSON). The bytes lie in `value` or in `scratch` (locked memory of at least value.size() bytes) and are valid
// during the call only.
//
//   scheme://user:PASSWORD@host/…?password=VALUE&sig=VALUE      (user too where there is no password: tokens)
//   Server=db;Password=VALUE;…     host=db password=VALUE
//   {"private_key": "VALUE", "nested": {"token": "VALUE"}}       fields whose name says so; ["VALUE", …]
void for_each_component(std::span<const uint8_t> value, std::span<uint8_t> scratch,
                        const std::function<void(std::span<const uint8_t>)>& fn);

}  // namespace confide::masking

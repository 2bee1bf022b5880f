// Other people's encoders, written once more: how values come to be written in output. Shares no code with masking/.
#pragma once

#include <string>
#include <string_view>

namespace confide::masking::testing {

std::string to_base64(std::string_view bytes);  // RFC 4648, padded
std::string to_base64_url(std::string_view bytes);
std::string to_base32(std::string_view bytes);
std::string to_hex(std::string_view bytes, std::string_view digits = "0123456789abcdef", std::string_view between = {},
                   std::string_view before = {});
inline constexpr std::string_view kUpperHex = "0123456789ABCDEF";
std::string to_utf16(std::string_view utf8, bool big_endian);
// What is unreserved in RFC 3986 stays; `every`: nothing stays.
std::string to_percent(std::string_view bytes, std::string_view digits = kUpperHex, bool every = false);
std::string to_json(std::string_view text, bool ascii_only, bool escape_slash);  // the inside of a string
std::string to_html(std::string_view text);
std::string to_numeric_entities(std::string_view utf8, bool hex);
std::string to_c_string(std::string_view bytes, bool octal);
std::string to_shell_single_quotes(std::string_view text);  // 'it'\''s'
std::string wrap(std::string_view text, size_t columns, std::string_view line_end);
std::string between_characters(std::string_view text, std::string_view gap);
std::string replace_all(std::string text, std::string_view what, std::string_view with);

}  // namespace confide::masking::testing

#include "encoders.h"

#include <array>
#include <vector>

namespace confide::masking::testing {
namespace {

std::string bits_to_text(std::string_view bytes, std::string_view alphabet, size_t width, size_t group) {
  std::string out;
  size_t have = 0;
  unsigned value = 0;
  for (const char c : bytes) {
    value = (value << 8 | static_cast<unsigned char>(c)) & 0xffff;
    have += 8;
    while (have >= width) {
      have -= width;
      out.push_back(alphabet[value >> have & ((1U << width) - 1)]);
    }
  }
  if (have > 0) out.push_back(alphabet[value << (width - have) & ((1U << width) - 1)]);
  while (out.size() % group != 0) out.push_back('=');
  return out;
}

std::vector<unsigned> code_points(std::string_view text) {
  std::vector<unsigned> out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) == 0x80 && !out.empty()) {
      out.back() = out.back() << 6 | (byte & 0x3f);
    } else {
      out.push_back(byte < 0x80 ? byte : byte < 0xe0 ? byte & 0x1f : byte < 0xf0 ? byte & 0x0f : byte & 0x07);
    }
  }
  return out;
}

std::string hex4(unsigned value) {
  std::string out;
  for (int shift = 12; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[value >> shift & 15]);
  return out;
}

std::string unicode_escape(unsigned code) {
  if (code < 0x10000) return "\\u" + hex4(code);
  return "\\u" + hex4(0xd800 + ((code - 0x10000) >> 10)) + "\\u" + hex4(0xdc00 + (code & 0x3ff));
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  return bits_to_text(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6, 4);
}
std::string to_base64_url(std::string_view bytes) {
  return bits_to_text(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 6, 1);
}
std::string to_base32(std::string_view bytes) { return bits_to_text(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 8); }

std::string to_hex(std::string_view bytes, std::string_view digits, std::string_view between, std::string_view before) {
  std::string out;
  for (const char c : bytes) {
    if (!out.empty()) out += between;
    out += before;
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::string to_utf16(std::string_view utf8, bool big_endian) {
  std::string out;
  const auto put = [&](unsigned unit) {
    const std::array<char, 2> bytes = {static_cast<char>(unit >> 8), static_cast<char>(unit & 255)};
    out.push_back(bytes[big_endian ? 0 : 1]);
    out.push_back(bytes[big_endian ? 1 : 0]);
  };
  for (const unsigned code : code_points(utf8)) {
    if (code >= 0x10000) {
      put(0xd800 + ((code - 0x10000) >> 10));
      put(0xdc00 + (code & 0x3ff));
    } else {
      put(code);
    }
  }
  return out;
}

std::string to_percent(std::string_view bytes, std::string_view digits, bool every) {
  std::string out;
  for (const char c : bytes) {
    const bool stays = !every && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  std::string_view("-._~").contains(c));
    out += stays ? std::string(1, c) : "%" + to_hex({&c, 1}, digits);
  }
  return out;
}

std::string to_json(std::string_view text, bool ascii_only, bool escape_slash) {
  std::string out;
  if (ascii_only) {
    for (const unsigned code : code_points(text)) {
      out += code < 0x80 ? to_json(std::string(1, static_cast<char>(code)), false, escape_slash) : unicode_escape(code);
    }
    return out;
  }
  for (const char c : text) {
    if (c == '"' || c == '\\' || (c == '/' && escape_slash)) {
      out += std::string("\\") + c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '<' || c == '>' || c == '&') {
      out += unicode_escape(static_cast<unsigned char>(c));  // as Go does
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string to_html(std::string_view text) {
  std::string out(text);
  out = replace_all(out, "&", "&amp;");
  out = replace_all(out, "<", "&lt;");
  out = replace_all(out, ">", "&gt;");
  out = replace_all(out, "\"", "&quot;");
  return replace_all(out, "'", "&#39;");
}

std::string to_numeric_entities(std::string_view utf8, bool hex) {
  std::string out;
  for (const unsigned code : code_points(utf8)) {
    const std::string digits = hex4(code >> 16) + hex4(code & 0xffff);
    out += hex ? "&#x" + digits.substr(2) + ";" : "&#" + std::to_string(code) + ";";
  }
  return out;
}

std::string to_c_string(std::string_view bytes, bool octal) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      if (octal) {
        out += "\\" + std::string(1, static_cast<char>('0' + (byte >> 6))) + static_cast<char>('0' + (byte >> 3 & 7)) +
               static_cast<char>('0' + (byte & 7));
      } else {
        out += "\\x" + to_hex({&c, 1});
      }
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string to_shell_single_quotes(std::string_view text) {
  return "'" + replace_all(std::string(text), "'", "'\\''") + "'";
}

std::string wrap(std::string_view text, size_t columns, std::string_view line_end) {
  std::string out;
  for (size_t at = 0; at < text.size(); at += columns) {
    if (at > 0) out += line_end;
    out += text.substr(at, columns);
  }
  return out;
}

std::string between_characters(std::string_view text, std::string_view gap) {
  std::string out;
  for (const char c : text) {
    if (!out.empty() && (c & 0xc0) != 0x80) out += gap;
    out.push_back(c);
  }
  return out;
}

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace confide::masking::testing

#include "matrix.h"

#include <vector>

#include "encoders.h"
#include "masking_support.h"

namespace confide::masking::testing {
namespace {

const std::string kSecret = "sk-live-AbC123+/xyz==9876543210";
const std::string kLines = "first-line-kP8vQ2mZ\nsecond-line-7wR4xT9n\nthird-line-B3hJ6dF5";
const std::string kUrl = "postgres://app:q7%5EZr%2Fx9@db/shop";

// gzip -n of kSecret, then base64; rot13 of it: what no masker can know.
const std::string kGzip = "H4sIAAAAAAACAyvO1s3JLEvVdUxyNjQy1tavqKyytbW0MDczNTE2MjQAAKEh/cQfAAAA";
const std::string kRot13 = "fx-yvir-NoP123+/klm==9876543210";

struct Row {
  std::string form;
  std::string others[5];  // GitHub runner, GitLab runner, Buildkite, hasp, varlock
  // What is printed, STX and ETX around what must not be seen; several ways must all be concealed.
  std::vector<std::string> printed;
  std::string note;
};

constexpr char kOpen = '\x02';
constexpr char kClose = '\x03';
std::string hidden(const std::string& text) { return kOpen + text + kClose; }

// base64 of before + value + after, marked the characters of which the value decides every bit.
std::string base64_around(const std::string& before, const std::string& value, const std::string& after) {
  const std::string text = to_base64(before + value + after);
  const size_t begin = (before.size() * 8 + 5) / 6;
  const size_t end = (before.size() + value.size()) * 8 / 6;
  return text.substr(0, begin) + hidden(text.substr(begin, end - begin)) + text.substr(end);
}

std::vector<Row> rows() {
  const std::string base64 = to_base64(kSecret);
  const std::string reversed(kSecret.rbegin(), kSecret.rend());
  std::string upper = kSecret;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  const std::string quoted = "p\"a's<s&w\\ord-7";
  return {
      {"raw", {"M", "M", "M", "M", "M, keeps 2 characters"}, {hidden(kSecret)}, ""},
      {"several lines, LF", {"M (lines too)", "M", "M", "M", "M"}, {hidden(kLines)}, ""},
      {"several lines as CRLF, `\\n`-escaped, one line alone",
       {"M, M, M", "L, L, L", "M, M, L", "L, JSON M, L", "L, L, L"},
       {hidden(replace_all(kLines, "\n", "\r\n")), hidden(replace_all(kLines, "\n", "\\n")),
        "> " + hidden("second-line-7wR4xT9n") + " <"},
       ""},
      {"base64, without padding, url alphabet",
       {"M, L, M", "L", "L", "M, M, M", "L"},
       {hidden(base64.substr(0, 42)) + base64.substr(42), hidden(to_base64_url(kSecret).substr(0, 42))},
       ""},
      {"base64 of `user:secret`, three offsets",
       {"M", "L", "L", "L", "L"},
       {base64_around("user:", kSecret, ""), base64_around("admin:", kSecret, ""), base64_around("u:", kSecret, "\n"),
        base64_around("", kSecret, "@host")},
       ""},
      {"base64 of secret and newline", {"L", "L", "L", "M (tail shown)", "L"}, {base64_around("", kSecret, "\n")}, ""},
      {"base64 wrapped at any column",
       {"L", "L", "L", "L", "L"},
       {hidden(wrap(base64.substr(0, 41), 1, "\n")), hidden(wrap(base64.substr(0, 41), 20, "\r\n")),
        hidden(wrap(base64.substr(0, 41), 33, "\n    "))},
       ""},
      {"hex, HEX, `\\x`, base32",
       {"L", "L", "L", "M", "L"},
       {hidden(to_hex(kSecret)), hidden(to_hex(kSecret, kUpperHex)), hidden(to_hex(kSecret, kUpperHex, "", "\\x")),
        hidden(to_base32(kSecret).substr(0, 49))},
       ""},
      {"hex wrapped, with colons, with spaces",
       {"L", "L", "L", "L", "L"},
       {hidden(wrap(to_hex(kSecret), 16, "\n")), hidden(to_hex(kSecret, kUpperHex, ":")),
        hidden(to_hex(kSecret, kUpperHex, " "))},
       ""},
      {"percent-encoded, in lower case, every byte, twice",
       {"M, L", "L", "L", "M, L, -, M", "L"},
       {hidden(to_percent(kSecret)), hidden(to_percent(kSecret, "0123456789abcdef")),
        hidden(to_percent(kSecret, kUpperHex, true)), hidden(to_percent(to_percent(kSecret)))},
       ""},
      {"JSON, `\\u`, HTML and XML, shell, C and Go quoting",
       {"M", "L", "Go `%q` only", "JSON, HTML, `\\u` M", "L"},
       {hidden(to_json(quoted, false, true)), hidden(to_json(quoted, true, false)), hidden(to_html(quoted)),
        hidden(to_numeric_entities(quoted, true)),
        to_shell_single_quotes("x" + quoted).substr(0, 2) + hidden(replace_all(quoted, "'", "'\\''")),
        hidden(to_c_string(quoted, true))},
       ""},
      {"ANSI colours inside",
       {"L", "L", "L", "M", "L"},
       {hidden(kSecret.substr(0, 9) + "\x1b[1;31m" + kSecret.substr(9, 4) + "\x1b[0m" + kSecret.substr(13))},
       ""},
      {"spaced, one character per line",
       {"L", "L", "L", "L", "L"},
       {hidden(between_characters(kSecret, " ")), hidden(between_characters(kSecret, "\n"))},
       ""},
      {"reversed, upper-case", {"L", "L", "L", "L", "L"}, {hidden(reversed), hidden(upper)}, ""},
      {"half of it",
       {"L", "L", "L", "L", "L"},
       {hidden(kSecret.substr(0, 16)) + "|", "|" + hidden(kSecret.substr(kSecret.size() - 16))},
       ""},
      {"base64 of base64, of UTF-16",
       {"L", "L", "L", "L", "L"},
       {hidden(to_base64(base64.substr(0, 41)).substr(0, 54)),
        hidden(to_base64(to_utf16(kSecret, false)).substr(0, 82))},
       ""},
      {"UTF-16, decimal byte list",
       {"-", "-", "-", "-", "-"},
       {hidden(to_utf16(kSecret, true).substr(1)),
        "{\"data\":[" + hidden("115,107,45,108,105,118,101,45,65,98,67,49,50,51,43,47,120,121,122,61,61,57,56,55,54,53,"
                               "52,51,50,49,48")},
       ""},
      {"password inside a URL that is the secret, as written, decoded",
       {"-", "-", "-", "-", "-"},
       {hidden("q7%5EZr%2Fx9"), hidden("q7^Zr/x9")},
       ""},
      {"compressed (gzip and base64)", {"L", "L", "L", "L", "L"}, {hidden(kGzip)}, "out of reach"},
      {"a cipher of the writer's own (rot13); as well encrypted, hashed",
       {"L", "L", "L", "L", "L"},
       {hidden(kRot13)},
       "out of reach"},
  };
}

struct Marked {
  std::string text;
  size_t begin = 0;
  size_t end = 0;
};

Marked unmark(std::string text) {
  const size_t begin = text.find(kOpen);
  text.erase(begin, 1);
  const size_t end = text.find(kClose);
  text.erase(end, 1);
  return {text, begin, end};
}

bool concealed(const Tables& tables, const std::string& printed, const std::vector<size_t>& piece_sizes) {
  const Marked marked = unmark(printed);
  for (const size_t size : piece_sizes) {
    std::vector<size_t> cuts;
    for (size_t at = size; size > 0 && at < marked.text.size(); at += size) cuts.push_back(at);
    StreamMasker masker = masker_of(tables);
    std::vector<bool> unseen(marked.text.size());
    for (const Event& event : mask_pieces(masker, marked.text, cuts).events) {
      for (uint64_t at = event.offset; at < event.offset + event.length; ++at) unseen[at] = true;
    }
    for (size_t at = marked.begin; at < marked.end; ++at) {
      if (!unseen[at]) return false;
    }
  }
  return true;
}

}  // namespace

std::string matrix() {
  const Tables tables = tables_of({{"S", kSecret}, {"LINES", kLines}, {"URL", kUrl}, {"QUOTED", "p\"a's<s&w\\ord-7"}});
  std::string out =
      "| form | GitHub runner | GitLab runner | Buildkite | hasp | varlock | confide "
      "|\n|---|---|---|---|---|---|---|\n";
  std::vector<Row> all = rows();
  all.insert(all.begin() + 1, {"a byte at a time, in two writes",
                               {"per line", "M, but not if it overlaps itself", "M", "M", "L"},
                               {hidden(kSecret)},
                               "*"});
  for (const Row& row : all) {
    out += "| " + row.form + " |";
    for (const std::string& other : row.others) out += " " + other + " |";
    // In one piece, byte by byte and, for the row that says so, in every two.
    std::vector<size_t> sizes = {0, 1, 7};
    for (size_t size = 1; row.note == "*" && size < kSecret.size(); ++size) sizes.push_back(size);
    size_t good = 0;
    for (const std::string& printed : row.printed) good += concealed(tables, printed, sizes) ? 1U : 0U;
    out += good == row.printed.size() ? " **M**" : good == 0 ? " L" : " some leak";
    out += row.note.empty() || row.note == "*" ? " |\n" : " (" + row.note + ") |\n";
  }
  out.pop_back();
  return out;
}

}  // namespace confide::masking::testing

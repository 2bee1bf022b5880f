#include "agents/edits.h"

#include <algorithm>

#include "base/text.h"

namespace confide::agents {
namespace {

constexpr std::string_view kHead = "confide setup record 1\n";

// Reads "word NUMBER\n" and, for texts, that many bytes and a line break.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool at_end() const { return text_.empty(); }
  bool next_is(std::string_view word) const { return text_.starts_with(cat(word, " ")); }
  std::optional<size_t> number(std::string_view word) {
    const size_t end = text_.find('\n');
    if (!next_is(word) || end == std::string_view::npos) return {};
    const auto value = parse_number(text_.substr(word.size() + 1, end - word.size() - 1));
    text_.remove_prefix(end + 1);
    return value;
  }
  std::optional<std::string> bytes(std::string_view word) {
    const auto size = number(word);
    if (!size || text_.size() <= *size || text_[*size] != '\n') return {};
    std::string out(text_.substr(0, *size));
    text_.remove_prefix(*size + 1);
    return out;
  }

 private:
  std::string_view text_;
};

std::string bytes_entry(std::string_view word, std::string_view bytes) {
  return cat(word, " ", bytes.size(), "\n", bytes, "\n");
}

std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.empty()) return {};
  auto lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

Edit edit_between(std::string_view before, std::string_view after) {
  const size_t shorter = std::min(before.size(), after.size());
  const auto front = static_cast<size_t>(
      std::mismatch(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(shorter), after.begin()).first -
      before.begin());
  size_t back = 0;
  while (back < shorter - front && before[before.size() - 1 - back] == after[after.size() - 1 - back]) ++back;
  return {front, std::string(before.substr(front, before.size() - front - back)),
          std::string(after.substr(front, after.size() - front - back))};
}

std::optional<std::string> undone(std::string text, const std::vector<Edit>& edits) {
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    size_t at = edit->offset;
    if (at > text.size() || text.compare(at, edit->inserted.size(), edit->inserted) != 0) {
      at = text.find(edit->inserted);
      if (at == std::string::npos || text.find(edit->inserted, at + 1) != std::string::npos) return {};
    }
    text.replace(at, edit->inserted.size(), edit->removed);
  }
  return text;
}

std::string encode(const Record& record) {
  std::string out = cat(kHead, bytes_entry("path", record.path), "existed ", record.existed ? 1 : 0, "\n");
  for (const std::string& folder : record.folders) out += bytes_entry("folder", folder);
  for (const Edit& edit : record.edits)
    out +=
        cat("edit ", edit.offset, "\n", bytes_entry("removed", edit.removed), bytes_entry("inserted", edit.inserted));
  return out;
}

Result<Record> decode_record(std::string_view text) {
  const Error damaged{ErrorKind::kRefused, 0, "a record of confide setup is damaged; remove what it added by hand"};
  if (!text.starts_with(kHead)) return damaged;
  Reader reader(text.substr(kHead.size()));
  Record record;
  auto path = reader.bytes("path");
  const auto existed = reader.number("existed");
  if (!path || !existed || *existed > 1) return damaged;
  record.path = std::move(*path);
  record.existed = *existed == 1;
  while (reader.next_is("folder")) {
    auto folder = reader.bytes("folder");
    if (!folder) return damaged;
    record.folders.push_back(std::move(*folder));
  }
  while (!reader.at_end()) {
    const auto offset = reader.number("edit");
    auto removed = reader.bytes("removed");
    auto inserted = reader.bytes("inserted");
    if (!offset || !removed || !inserted) return damaged;
    record.edits.push_back({*offset, std::move(*removed), std::move(*inserted)});
  }
  return record;
}

std::string show_difference(std::string_view path, const std::optional<std::string>& before,
                            const std::optional<std::string>& after) {
  constexpr size_t kAround = 3;
  const auto old_lines = lines_of(before ? *before : std::string_view());
  const auto new_lines = lines_of(after ? *after : std::string_view());
  size_t front = 0, back = 0;
  const size_t shorter = std::min(old_lines.size(), new_lines.size());
  while (front < shorter && old_lines[front] == new_lines[front]) ++front;
  while (back < shorter - front && old_lines[old_lines.size() - 1 - back] == new_lines[new_lines.size() - 1 - back])
    ++back;
  std::string out =
      cat("--- ", before ? printable(path) : "(no file)", "\n+++ ", after ? printable(path) : "(no file)", "\n");
  const auto put = [&](char mark, std::string_view line) { out += cat(mark, printable(line), "\n"); };
  out += cat("@@ line ", front + 1, " @@\n");
  for (size_t i = front - std::min(front, kAround); i < front; ++i) put(' ', old_lines[i]);
  for (size_t i = front; i < old_lines.size() - back; ++i) put('-', old_lines[i]);
  for (size_t i = front; i < new_lines.size() - back; ++i) put('+', new_lines[i]);
  for (size_t i = 0; i < std::min(back, kAround); ++i) put(' ', old_lines[old_lines.size() - back + i]);
  return out;
}

}  // namespace confide::agents

#include "masking/needles.h"

#include <algorithm>
#include <string_view>

#include "masking/assess.h"
#include "masking/components.h"
#include "masking/token.h"

namespace confide::masking {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr uint8_t upper(uint8_t b) { return b >= 'a' && b <= 'z' ? b - 0x20 : b; }
constexpr uint8_t lower(uint8_t b) { return b >= 'A' && b <= 'Z' ? b + 0x20 : b; }

struct Reading {
  size_t characters = 0;
  bool decoded = false;  // anything at all
};

// The characters of `text` in one reading.
Reading put_reading(Bytes text, uint8_t view, ByteSink& out) {
  Reading reading;
  for (size_t i = 0; i < text.size();) {
    const Token token = next_token(view, text.data() + i, text.size() - i, Ending::kFinal);
    for (unsigned k = 0; k < token.count; ++k) out.put(token.bytes[k]);
    reading.characters += token.count;
    reading.decoded = reading.decoded || (token.length > 1 && token.features != kSawEscape);
    i += token.length;
  }
  return reading;
}

// The characters without the gaps of the decoded reading, nothing decoded: what remains of an encoding of everything.
void put_undecoded(Bytes text, ByteSink& out) {
  for (const uint8_t byte : text) {
    const ByteClass role = class_of(byte);
    if (role == ByteClass::kPlain || role == ByteClass::kPercent || role == ByteClass::kAmpersand) {
      out.put(canonical(byte));
    }
  }
}

// Passes on what the reader of encoded text would see of it without decoding.
class AsIsSink : public ByteSink {
 public:
  explicit AsIsSink(ByteSink& next) : next_(next) {}
  void put(uint8_t byte) override {
    if (class_of(byte) != ByteClass::kGap && class_of(byte) != ByteClass::kEscape) next_.put(canonical(byte));
  }

 private:
  ByteSink& next_;
};

// For values that hold what looks like an escape, or little else than quotes and backslashes: reading encoded text
// cannot tell theirs from the encoding's. The usual encodings of the whole value are searched for as they are.
void put_usual_encodings(Bytes text, NeedleSink& out) {
  AsIsSink as_is(out);
  for (const auto digits : {HexEncoder::Case::kUpper, HexEncoder::Case::kLower}) {
    PercentEncoder percent(digits, as_is);
    Source{text}.pour(percent);
    out.end({.form = Form::kPercent, .views = kAsIs, .step = 1});
  }
  JsonEncoder json(as_is);
  Source{text}.pour(json);
  out.end({.form = Form::kBackslash, .views = kAsIs, .step = 1});
  JsonEncoder json_again(as_is);
  ByteSink& again = json_again;  // as it is it would be copied
  JsonEncoder json_first(again);
  Source{text}.pour(json_first);
  out.end({.form = Form::kBackslash, .views = kAsIs, .step = 1});
  HtmlEncoder html(as_is);
  Source{text}.pour(html);
  out.end({.form = Form::kEntity, .views = kAsIs, .step = 1});
}

// Text is searched for in both readings; one needle is enough where both are the same.
void put_text(Bytes text, Form form, uint8_t step, NeedleSink& out) {
  const bool plain = std::ranges::all_of(text, [](uint8_t byte) {
    const ByteClass role = class_of(byte);
    return role == ByteClass::kPlain || role == ByteClass::kGap;
  });
  const bool has_gaps = std::ranges::any_of(text, [](uint8_t byte) { return class_of(byte) == ByteClass::kGap; });
  const size_t characters = put_reading(text, kAsIs, out).characters;
  out.end({.form = form, .views = plain ? kBothViews : kAsIs, .step = step, .has_gaps = has_gaps});
  if (plain) return;
  const size_t least = std::min(characters, kShortestValue);
  const Reading decoded = put_reading(text, kDecoded, out);
  out.end({.form = form, .views = kDecoded, .step = step, .has_gaps = has_gaps, .least = least});
  if (decoded.decoded) {
    put_undecoded(text, out);
    out.end({.form = form, .views = kDecoded, .step = step, .has_gaps = has_gaps, .least = least});
  }
  if (form == Form::kRaw && (decoded.decoded || decoded.characters < least)) put_usual_encodings(text, out);
}

class Collector : public ByteSink {
 public:
  explicit Collector(std::span<uint8_t> to) : to_(to) {}
  void put(uint8_t byte) override {
    if (size_ < to_.size()) to_[size_++] = byte;
  }
  Bytes bytes() const { return to_.first(size_); }

 private:
  std::span<uint8_t> to_;
  size_t size_ = 0;
};

// `rev` turns characters round, not bytes.
void reverse_characters(Bytes text, std::span<uint8_t> to) {
  size_t at = text.size();
  for (size_t i = 0; i < text.size();) {
    size_t length = 1;
    while (i + length < text.size() && length < 4 && (text[i + length] & 0xc0) == 0x80) ++length;
    at -= length;
    std::ranges::copy(text.subspan(i, length), to.begin() + static_cast<std::ptrdiff_t>(at));
    i += length;
  }
}

void put_letter_cases(Bytes text, std::span<uint8_t> scratch, NeedleSink& out) {
  const auto changes = [&](auto change) {
    return std::ranges::any_of(text, [&](uint8_t byte) { return change(byte) != byte; });
  };
  if (!changes(upper) || !changes(lower)) return;  // of one case only: its other case may be any word
  const std::span<uint8_t> to = scratch.first(text.size());
  std::ranges::transform(text, to.begin(), upper);
  put_text(to, Form::kUpper, 1, out);
  std::ranges::transform(text, to.begin(), lower);
  put_text(to, Form::kLower, 1, out);
}

// Encodings of non-ASCII characters other than UTF-8.
void put_charsets(Bytes text, std::span<uint8_t> scratch, NeedleSink& out) {
  if (std::ranges::none_of(text, [](uint8_t byte) { return byte >= 0x80; })) return;
  for (const auto order : {Utf16Encoder::Order::kLittle, Utf16Encoder::Order::kBig}) {
    Collector units(scratch);
    Utf16Encoder encoder(order, units);
    Source{text}.pour(encoder);
    // In Latin-1 every second byte is NUL, a gap: both orders and Latin-1 itself are one needle.
    const Bytes encoded_bytes = units.bytes();
    bool latin1 = true;
    const size_t high = order == Utf16Encoder::Order::kLittle ? 1 : 0;
    for (size_t i = high; i < encoded_bytes.size(); i += 2) latin1 = latin1 && encoded_bytes[i] == 0;
    put_text(encoded_bytes, latin1 ? Form::kLatin1 : Form::kUtf16, 1, out);
    if (latin1) return;
  }
}

void put_plus_for_space(Bytes text, std::span<uint8_t> scratch, NeedleSink& out) {
  if (std::ranges::find(text, uint8_t{' '}) == text.end()) return;
  const std::span<uint8_t> to = scratch.first(text.size());
  std::ranges::transform(text, to.begin(), [](uint8_t byte) { return byte == ' ' ? uint8_t{'+'} : byte; });
  put_text(to, Form::kPlusSpaces, 1, out);
}

bool has_bare_newline(Bytes text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
  }
  return false;
}

void put_codes(Source source, Unit kind, NeedleSink& out) {
  for (const CodeRow& row : code_rows()) {
    if (kind == Unit::kLine && row.lines == CodeRow::Lines::kNo) continue;
    for (unsigned variant = 0; variant < row.variants; ++variant) {
      const bool straddles = row.write(source, variant, out);
      out.end({.form = row.form, .views = kBothViews, .step = row.step, .straddles = straddles});
    }
  }
}

Bytes trim(Bytes text) {
  while (!text.empty() && text.front() <= 0x20) text = text.subspan(1);
  while (!text.empty() && text.back() <= 0x20) text = text.first(text.size() - 1);
  return text;
}

// "-----BEGIN … KEY-----" is no secret.
bool is_armour(Bytes line) {
  const std::string_view text(reinterpret_cast<const char*>(line.data()), line.size());
  return text.starts_with("-----") && text.ends_with("-----");
}

template <class Fn>
void for_each_line(Bytes text, Fn fn) {
  while (!text.empty()) {
    const auto end = std::ranges::find(text, uint8_t{'\n'});
    const auto length = static_cast<size_t>(end - text.begin());
    fn(trim(text.first(length)));
    text = text.subspan(std::min(length + 1, text.size()));
  }
}

}  // namespace

void write_needles(Bytes unit, Unit kind, std::span<uint8_t> scratch, NeedleSink& out) {
  put_text(unit, Form::kRaw, 1, out);
  if (kind == Unit::kShort) return;
  put_letter_cases(unit, scratch, out);
  put_charsets(unit, scratch, out);
  put_plus_for_space(unit, scratch, out);
  if (kind == Unit::kValue) {
    const std::span<uint8_t> to = scratch.first(unit.size());
    reverse_characters(unit, to);
    put_text(to, Form::kReversed, 1, out);
  }
  put_codes({unit}, kind, out);
  if (has_bare_newline(unit)) put_codes({unit, Newlines::kCrLf}, kind, out);
}

void write_all_needles(Bytes value, ShortValues short_values, std::span<uint8_t> scratch, NeedleSink& out) {
  value = trim(value);
  const bool is_short = assess_bytes(value) == Assessment::kTooShort;
  if (is_short) {
    if (short_values == ShortValues::kMask) write_needles(value, Unit::kShort, scratch, out);
    return;
  }
  const std::span<uint8_t> work = scratch.first(2 * value.size());
  const std::span<uint8_t> parts = scratch.subspan(2 * value.size());
  const auto whole_and_lines = [&](Bytes text) {
    write_needles(text, text.size() > kVeryLong ? Unit::kLine : Unit::kValue, work, out);
    if (std::ranges::find(text, uint8_t{'\n'}) == text.end()) return;
    for_each_line(text, [&](Bytes line) {
      if (!is_armour(line) && assess_bytes(line) == Assessment::kOk) write_needles(line, Unit::kLine, work, out);
    });
  };
  whole_and_lines(value);
  for_each_component(value, parts, [&](Bytes component) {
    component = trim(component);
    if (assess_bytes(component) == Assessment::kOk) whole_and_lines(component);
  });
}

}  // namespace confide::masking

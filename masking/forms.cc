#include "masking/forms.h"

namespace confide::masking {
namespace {

struct FormRow {
  Form form;
  const char* name;
  Encoded encoded;
};
constexpr FormRow kForms[] = {
    {Form::kRaw, "raw", Encoded::kNo},
    {Form::kPartial, "partial", Encoded::kNo},
    {Form::kSpaced, "spaced", Encoded::kNo},
    {Form::kUtf16, "utf-16", Encoded::kYes},
    {Form::kPercent, "percent", Encoded::kNo},
    {Form::kBackslash, "backslash", Encoded::kNo},
    {Form::kEntity, "entity", Encoded::kNo},
    {Form::kLatin1, "latin-1", Encoded::kNo},
    {Form::kPlusSpaces, "plus-spaces", Encoded::kNo},
    {Form::kUpper, "upper-case", Encoded::kYes},
    {Form::kLower, "lower-case", Encoded::kYes},
    {Form::kReversed, "reversed", Encoded::kYes},
    {Form::kBase64, "base64", Encoded::kYes},
    {Form::kBase64Twice, "base64-twice", Encoded::kYes},
    {Form::kBase64Utf16, "base64-utf-16", Encoded::kYes},
    {Form::kBase32, "base32", Encoded::kYes},
    {Form::kHex, "hex", Encoded::kYes},
    {Form::kHexColons, "hex-colons", Encoded::kYes},
    {Form::kHexList, "hex-list", Encoded::kYes},
    {Form::kDecimalList, "decimal-list", Encoded::kYes},
};
static_assert(std::size(kForms) == kFormCount);

bool write_base64(const Source& source, unsigned variant, ByteSink& out) {
  BitEncoder encoder(kBase64Alphabet, 6, variant, out);
  source.pour(encoder);
  return encoder.unfinished();
}

bool write_base64_twice(const Source& source, unsigned variant, ByteSink& out) {
  BitEncoder outer(kBase64Alphabet, 6, variant / 3, out);
  BitEncoder inner(kBase64Alphabet, 6, variant % 3, outer);
  source.pour(inner);
  return outer.unfinished();
}

bool write_base64_utf16(const Source& source, unsigned variant, ByteSink& out) {
  BitEncoder encoder(kBase64Alphabet, 6, variant, out);
  Utf16Encoder utf16(Utf16Encoder::Order::kLittle, encoder);
  source.pour(utf16);
  return encoder.unfinished();
}

bool write_base32(const Source& source, unsigned variant, ByteSink& out) {
  BitEncoder encoder(kBase32Alphabet, 5, variant, out);
  source.pour(encoder);
  return encoder.unfinished();
}

bool write_hex(const Source& source, unsigned variant, ByteSink& out) {
  HexEncoder encoder(variant == 0 ? HexEncoder::Case::kLower : HexEncoder::Case::kUpper, "", "", out);
  source.pour(encoder);
  return false;
}

bool write_hex_colons(const Source& source, unsigned variant, ByteSink& out) {
  HexEncoder encoder(variant == 0 ? HexEncoder::Case::kLower : HexEncoder::Case::kUpper, "", ":", out);
  source.pour(encoder);
  return false;
}

bool write_hex_list(const Source& source, unsigned variant, ByteSink& out) {
  HexEncoder encoder(variant == 0 ? HexEncoder::Case::kLower : HexEncoder::Case::kUpper, "0x", ",", out);
  source.pour(encoder);
  return false;
}

// With white space between the numbers, which is a gap, or commas.
bool write_decimal_list(const Source& source, unsigned variant, ByteSink& out) {
  DecimalEncoder encoder(variant == 0 ? "," : "", out);
  source.pour(encoder);
  return false;
}

// White space is a gap of every reading, so wrapped base64 and spaced hex need no row of their own; the url alphabet is
// read as the standard one; \x41 is decoded.
constexpr CodeRow kCodeRows[] = {
    {Form::kBase64, 3, 1, CodeRow::Lines::kYes, write_base64},
    {Form::kBase64Twice, 9, 0, CodeRow::Lines::kNo, write_base64_twice},
    {Form::kBase64Utf16, 3, 0, CodeRow::Lines::kNo, write_base64_utf16},
    {Form::kBase32, 5, 0, CodeRow::Lines::kNo, write_base32},
    {Form::kHex, 2, 2, CodeRow::Lines::kYes, write_hex},
    {Form::kHexColons, 2, 3, CodeRow::Lines::kNo, write_hex_colons},
    {Form::kHexList, 2, 0, CodeRow::Lines::kNo, write_hex_list},
    {Form::kDecimalList, 2, 0, CodeRow::Lines::kNo, write_decimal_list},
};

}  // namespace

const char* name_of(Form form) { return kForms[static_cast<size_t>(form)].name; }
Encoded encoded(Form form) { return kForms[static_cast<size_t>(form)].encoded; }
std::span<const CodeRow> code_rows() { return kCodeRows; }

}  // namespace confide::masking

// Templates in the syntax of `op inject`: text with {{ references }}, bare op:// references, {{ "literals" }} and
// variables (grammar and rules: docs/references.md). A template may hold plain credentials beside its references, so
// its bytes stay in locked memory and errors say file, line and column only.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/reference.h"
#include "secrets/environ.h"
#include "secrets/secret_buffer.h"

namespace confide::secrets {

// Bytes of the template's text.
struct TextSpan {
  size_t begin = 0;
  size_t end = 0;
  bool operator==(const TextSpan&) const = default;
};
// Text that stands for itself.
struct LiteralSegment {
  TextSpan text;
  bool operator==(const LiteralSegment&) const = default;
};
// A place for a value. Variables inside the reference are already replaced.
struct ReferenceSegment {
  policy::Reference reference;
  bool operator==(const ReferenceSegment&) const = default;
};
// A place for a variable's value; it had one, or has a fallback, when the template was parsed.
struct VariableSegment {
  TextSpan name;
  std::optional<TextSpan> fallback;
  bool operator==(const VariableSegment&) const = default;
};
using Segment = std::variant<LiteralSegment, ReferenceSegment, VariableSegment>;

// The value of a reference, or nullptr where it was not resolved.
using ValueLookup = std::function<const SecretBuffer*(const policy::Reference& reference)>;

class Template {
 public:
  // Parses text that errors call `file`. A malformed reference, an unknown scheme in braces and a variable without
  // value or default are errors of kind kRefused.
  static Result<Template> parse(SecretBuffer text, std::string_view file, const VariableSource& variables);
  // The value of a variable in an environment file, where variables are already replaced and "$" is plain text: one
  // reference if it has a scheme in front, else a template. A misspelt scheme is an error. `what` names it in errors.
  static Result<Template> parse_value(SecretBuffer value, std::string_view what);

  const std::vector<Segment>& segments() const { return segments_; }
  // All references, in the order in which they stand; the same one may come more than once.
  std::vector<const policy::Reference*> references() const;
  // The reference, if the template is one and nothing else.
  const policy::Reference* only_reference() const;

  // The text with every place filled in: a value as it is, but for one line break at its end where it was read from a
  // file or descriptor (without_last_line_break). `variables` as for `parse`.
  Result<SecretBuffer> render(const ValueLookup& values, const VariableSource& variables, SecretArena& arena) const;

 private:
  Template(SecretBuffer text, std::vector<Segment> segments) : text_(std::move(text)), segments_(std::move(segments)) {}

  SecretBuffer text_;
  std::vector<Segment> segments_;
};

}  // namespace confide::secrets

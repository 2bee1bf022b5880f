#include "secrets/template.h"

#include "base/overloaded.h"
#include "base/text.h"
#include "secrets/delivery.h"
#include "secrets/secret_builder.h"
#include "secrets/template_parser.h"

namespace confide::secrets {

Result<Template> Template::parse(SecretBuffer text, std::string_view file, const VariableSource& variables) {
  auto segments = TRY(text.reveal([&](std::span<const std::byte> bytes) {
    return parse_segments(as_text(bytes), file, variables, Dollar::kVariable);
  }));
  return Template(std::move(text), std::move(segments));
}

Result<Template> Template::parse_value(SecretBuffer value, std::string_view what) {
  auto segments = TRY(value.reveal([&](std::span<const std::byte> bytes) -> Result<std::vector<Segment>> {
    const auto text = as_text(bytes);
    if (policy::looks_like_reference(text)) {
      auto reference = policy::parse_reference(text);
      if (!reference) return with_context(printable(what), std::move(reference).error());
      std::vector<Segment> one;
      one.emplace_back(ReferenceSegment{std::move(*reference)});
      return one;
    }
    if (const auto meant = policy::misspelt_scheme(text)) {
      return Error{ErrorKind::kRefused, 0,
                   cat(printable(what), ": did you mean ", policy::prefix_of(*meant),
                       "? (text that only looks like it is written {{ \"…\" }})")};
    }
    const VariableSource none = [](std::string_view, const ValueSink&) { return false; };
    return parse_segments(text, what, none, Dollar::kPlainText);
  }));
  return Template(std::move(value), std::move(segments));
}

std::vector<const policy::Reference*> Template::references() const {
  std::vector<const policy::Reference*> found;
  for (const Segment& segment : segments_) {
    if (const auto* place = std::get_if<ReferenceSegment>(&segment)) found.push_back(&place->reference);
  }
  return found;
}

const policy::Reference* Template::only_reference() const {
  if (segments_.size() != 1) return nullptr;
  const auto* place = std::get_if<ReferenceSegment>(&segments_.front());
  return place == nullptr ? nullptr : &place->reference;
}

Result<SecretBuffer> Template::render(const ValueLookup& values, const VariableSource& variables,
                                      SecretArena& arena) const {
  SecretBuilder builder(arena);
  const auto append_span = [&](const TextSpan& span) {
    return text_.reveal([&](std::span<const std::byte> bytes) {
      return builder.append(bytes.subspan(span.begin, span.end - span.begin));
    });
  };
  const auto append_value = [&](const ReferenceSegment& place) -> Status {
    const SecretBuffer* value = values(place.reference);
    if (value == nullptr) {
      return Error{ErrorKind::kRefused, 0, cat(printable(place.reference.text), " was not resolved")};
    }
    return value->reveal([&](std::span<const std::byte> bytes) {
      return builder.append(ends_with_a_line(place.reference.scheme) ? without_last_line_break(bytes) : bytes);
    });
  };
  const auto append_variable = [&](const VariableSegment& place) -> Status {
    Status appended;
    const ValueSink sink = [&](std::span<const std::byte> value) { appended = builder.append(value); };
    const bool found = text_.reveal([&](std::span<const std::byte> bytes) {
      return variables(as_text(bytes).substr(place.name.begin, place.name.end - place.name.begin), sink);
    });
    if (found) return appended;
    if (!place.fallback) return Error{ErrorKind::kRefused, 0, "a variable of the template is no longer set"};
    return append_span(*place.fallback);
  };
  for (const Segment& segment : segments_) {
    TRY(std::visit(
        Overloaded{
            [&](const LiteralSegment& literal) { return append_span(literal.text); },
            append_value,
            append_variable,
        },
        segment));
  }
  return builder.finish();
}

}  // namespace confide::secrets

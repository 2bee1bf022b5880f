#include "secrets/template.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "base/overloaded.h"
#include "base/text.h"
#include "tests/unit/secrets/support.h"

namespace confide::secrets {
namespace {

using namespace std::string_view_literals;
using testing::secret;
using testing::text_of;

constexpr auto kEnviron = "APP_ENV=prod\0X=x y\0PORT=80\0REF=op://a/b/c\0BAD=!\0"sv;

struct Case {
  std::string_view text;
  std::string_view segments;  // <reference>, [variable] or [variable|fallback], all else literal
};

constexpr Case kGolden[] = {
    // No special place
    {"", ""},
    {"plain text\n", "plain text\n"},
    {"o", "o"},
    {"co op con: {}", "co op con: {}"},
    {"a { b }} c {", "a { b }} c {"},
    {"{{", "{{"},
    {"{{ ", "{{ "},
    {"\xff\xfe{{\x80", "\xff\xfe{{\x80"},
    // Unenclosed references
    {"op://prod/docker-credentials/username", "<op://prod/docker-credentials/username>"},
    {"op://d3v/stripe.keys/s3ct10n/public_key", "<op://d3v/stripe.keys/s3ct10n/public_key>"},
    {"a: op://v/i/f\nb: op://v/i/g\n", "a: <op://v/i/f>\nb: <op://v/i/g>\n"},
    {"\"op://v/i/f\"", "\"<op://v/i/f>\""},
    {"'op://v/i/f',", "'<op://v/i/f>',"},
    {"=op://v/i/f;", "=<op://v/i/f>;"},
    {"(op://v/i/f)", "(<op://v/i/f>)"},
    {"/op://v/i/f", "/<op://v/i/f>"},
    {"_op://v/i/f", "_<op://v/i/f>"},
    {"postgres://u:op://v/i/f@host", "postgres://u:<op://v/i/f>@host"},
    {"op://v/i/f?attribute=otp", "<op://v/i/f?attribute=otp>"},
    {"op://v/i/f?ssh-format=openssh!", "<op://v/i/f?ssh-format=openssh>!"},
    {"op://v/i/f=1", "<op://v/i/f>=1"},
    {"op://v/i/f g", "<op://v/i/f> g"},
    {"op://v/i/f:op://v/i/g", "<op://v/i/f>:<op://v/i/g>"},
    {"op://v/i/f#x", "<op://v/i/f>#x"},
    {"op://v/i/f+", "<op://v/i/f>+"},
    {"op://v/i/f.", "<op://v/i/f.>"},  // as documented: "." belongs to it
    {"op://v/i/\xc3\xa9", "<op://v/i/>\xc3\xa9"},
    {"confide://API_KEY", "<confide://API_KEY>"},
    {"key=confide://staging/API_KEY?version=2&", "key=<confide://staging/API_KEY?version=2>&"},
    // … not after these
    {"aop://v/i/f", "aop://v/i/f"},
    {"Zop://v", "Zop://v"},
    {"9op://v", "9op://v"},
    {"-op://v", "-op://v"},
    {"+op://v", "+op://v"},
    {"\\op://v", "\\op://v"},
    {".op://v", ".op://v"},
    {"xconfide://", "xconfide://"},
    {"op:/v op:", "op:/v op:"},
    {"OP://v/i/f", "OP://v/i/f"},
    // Every other scheme only in braces
    {"file:///etc/x vault://kv/a pass://b", "file:///etc/x vault://kv/a pass://b"},
    {"env:X fd:3 stdin:", "env:X fd:3 stdin:"},
    // Enclosed references
    {"{{op://v/i/f}}", "<op://v/i/f>"},
    {"{{ op://v/i/f }}", "<op://v/i/f>"},
    {"{{    op://v/i/f    }}", "<op://v/i/f>"},
    {"a{{op://v/i/f}}b", "a<op://v/i/f>b"},
    {"x-{{ op://v/i/f }}-y", "x-<op://v/i/f>-y"},
    {"{{{ op://v/i/f }}}", "{<op://v/i/f>}"},
    {"{ {{ op://v/i/f }} }", "{ <op://v/i/f> }"},
    {"{{ op://dev/My Item/Access Keys/key }}", "<op://dev/My Item/Access Keys/key>"},
    {"{{ op://v/i/f }}{{ op://v/i/g }}", "<op://v/i/f><op://v/i/g>"},
    {"{{ vault://kv/db#password?version=3 }}", "<vault://kv/db#password?version=3>"},
    {"{{ sops:///etc/s.yaml#a.b }}", "<sops:///etc/s.yaml#a.b>"},
    {"{{ secret-service://a=b,c=d }}", "<secret-service://a=b,c=d>"},
    {"{{ file:///etc/to ken }}", "<file:///etc/to ken>"},
    {"{{ env:X }}", "<env:X>"},
    {"{{fd:3}}", "<fd:3>"},
    {"{{ stdin: }}", "<stdin:>"},
    {"{{ exec:conjur/db }}", "<exec:conjur/db>"},
    // Somebody else's braces
    {"{{ .Values.image }}", "{{ .Values.image }}"},
    {"{{- if eq .a \"b\" }}", "{{- if eq .a \"b\" }}"},
    {"{{ env: X }}", "{{ env: X }}"},
    {"{{ fd: }}", "{{ fd: }}"},
    {"{{ stdin:", "{{ stdin:"},
    {"{{}}", "{{}}"},
    {"{{ op }}", "{{ op }}"},
    {"{{ .x | default \"op://v/i/f\" }}", "{{ .x | default \"<op://v/i/f>\" }}"},
    {"{{\top://v/i/f }}", "{{\t<op://v/i/f> }}"},
    // Literals
    {"{{ \"{{ test op://prod/docker-credentials/username }}\" }}", "{{ test op://prod/docker-credentials/username }}"},
    {"{{ \"{{ test \\\"test\\\" test }}\" }}", "{{ test \"test\" test }}"},
    {"{{\"\"}}", ""},
    {"{{ \"$\" }}HOME", "$HOME"},
    {"{{\"op://v/i/f\"}}", "op://v/i/f"},
    {"{{ \"a\nb\" }}", "a\nb"},
    {"{{ \"a\\b\" }}", "a\\b"},
    {"{{ \"\\\"\" }}", "\""},
    {"{{ \"a\" }}{{ \"b\" }}", "ab"},
    {"{{ \"x\" | upper }}", "{{ \"x\" | upper }}"},
    {"{{ \"open", "{{ \"open"},
    {"{{ \"a\\\" }}", "{{ \"a\\\" }}"},
    // Variables
    {"$APP_ENV", "[APP_ENV]"},
    {"${APP_ENV}", "[APP_ENV]"},
    {"${ app_env }:", "[app_env]:"},
    {"http://h:${PORT:-8080}/", "http://h:[PORT|8080]/"},
    {"${NOPE:-a b}", "[NOPE|a b]"},
    {"${NOPE:-}", "[NOPE|]"},
    {"$PORT$X", "[PORT][X]"},
    {"$PORT-?notvar!", "[PORT]-?notvar!"},
    {"$ $1 $2nd ${} $( $$", "$ $1 $2nd ${} $( $$"},
    {"{{ $X }}", "{{ [X] }}"},
    // Variables inside references
    {"op://${VAULT:-dev}/docker/password", "<op://dev/docker/password>"},
    {"op://$APP_ENV/docker/password.", "<op://prod/docker/password.>"},
    {"{{ op://${APP_ENV}/docker/${PORT} }}", "<op://prod/docker/80>"},
    {"{{op://v/i/${PORT}}}", "<op://v/i/80>"},
    {"{{ op://$X/i/f }}", "<op://x y/i/f>"},
    {"op://v/$PORT:", {}},
    {"{{ env:$PORT }}", "{{ env:[PORT] }}"},
};

std::string show(const Template& parsed, std::string_view text) {
  std::string shown;
  const auto at = [&](const TextSpan& span) { return text.substr(span.begin, span.end - span.begin); };
  for (const Segment& segment : parsed.segments()) {
    std::visit(Overloaded{
                   [&](const LiteralSegment& literal) { shown += at(literal.text); },
                   [&](const ReferenceSegment& place) { shown += cat("<", place.reference.text, ">"); },
                   [&](const VariableSegment& place) {
                     shown += cat("[", at(place.name), place.fallback ? "|" : "");
                     if (place.fallback) shown += at(*place.fallback);
                     shown += "]";
                   },
               },
               segment);
  }
  return shown;
}

class TemplateTest : public ::testing::Test {
 protected:
  Result<Template> parse(std::string_view text) {
    return Template::parse(secret(text), "config.tpl", environ_.variables());
  }
  const Environ environ_{secret(kEnviron)};
  SecretArena arena_;
};

TEST_F(TemplateTest, Golden) {
  static_assert(std::size(kGolden) >= 80);
  for (const auto& [text, segments] : kGolden) {
    const auto parsed = parse(text);
    if (segments.data() == nullptr) {
      EXPECT_FALSE(parsed.has_value()) << text;
      continue;
    }
    ASSERT_TRUE(parsed.has_value()) << text << ": " << parsed.error().what;
    EXPECT_EQ(show(*parsed, text), segments) << text;
  }
}

struct Refusal {
  std::string_view text;
  std::string_view error;  // behind the file's name
};
constexpr std::string_view kUnset = "the variable here is not set and has no default; a literal '$' is {{ \"$\" }}";
constexpr Refusal kRefused[] = {
    {"see op://...", "1:5: in this reference, column 9: invalid format"},
    {"op://v/i", "1:1: in this reference, column 9: invalid format"},
    {"a\nb op://h?ack/1Password!/for\"real", "2:3: in this reference, column 7: invalid format"},
    {"op://{vault}/[item]/(section)/field", "1:1: in this reference, column 6: invalid format"},
    {"op://v/i/f?", "1:1: in this reference, column 12: invalid format"},
    {"{{op://h?ack/1Password!/for\"real}}", "1:3: in this reference, column 7: invalid format"},
    {"x {{ op://v/i/f! }}", "1:6: in this reference, column 11: invalid character"},
    {"{{ op://v/i/f | upper }}", "1:4: in this reference, column 12: invalid character"},
    {"{{ op://v/i/f\n}}", "1:1: the braces that begin here do not end in this line"},
    {"{{ op://v/i/f", "1:1: the braces that begin here do not end in this line"},
    {"{{ opp://v/i/f }}", "1:4: in this reference, column 1: not a reference: did you mean op://?"},
    {"{{ https://example.com }}", "1:4: in this reference, column 1: not a reference: it must begin"},
    {"{{ vault://kv/a }}", "1:4: in this reference, column 13: invalid format"},
    {"confide://", "1:1: in this reference, column 11: the name is missing"},
    {"$NOPE", "1:1: "},
    {"a\nb ${NOPE}", "2:3: "},
    {"op://$NOPE/i/f", "1:1: in this reference, column 6: the variable NOPE is not set"},
    {"{{ op://${NOPE}/i/f }}", "1:4: in this reference, column 6: the variable NOPE is not set"},
    {"op://$BAD/i/f", "1:1: in this reference, column 6: invalid character"},
    {"${X:?no}", "1:1: only ${NAME} and ${NAME:-default} are understood here"},
    {"${my_var\\}", "1:1: only ${NAME} and ${NAME:-default} are understood here"},
    {"op://${X%y}/i/f", "1:6: only ${NAME} and ${NAME:-default} are understood here"},
    {"${X:-${Y}}", "1:1: a default has no '$', '{' or backslash"},
};

TEST_F(TemplateTest, RefusalsSayWhere) {
  for (const auto& [text, error] : kRefused) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kRefused);
    std::string expected = "config.tpl:" + std::string(error);
    if (error.ends_with(": ")) expected += kUnset;
    EXPECT_TRUE(parsed.error().what.starts_with(expected)) << text << ": " << parsed.error().what;
  }
}

TEST_F(TemplateTest, NoErrorRepeatsPlainText) {
  for (const auto text : {"pw=CANARY op://x", "pa$CANARY", "{{ CANARY://x }}", "${CANARY:?CANARY}", "op://CANARY!/a",
                          "{{ op://CANARY/a!/b/c }}", "{{ opp://CANARY }}"}) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().what.find("CANARY"), std::string::npos) << parsed.error().what;
  }
}

TEST_F(TemplateTest, RendersValuesAndVariables) {
  std::map<std::string, SecretBuffer> values;
  values.emplace("op://v/i/f", secret("one\n"));
  values.emplace("file:///x", secret("two\n"));
  values.emplace("confide://BIN", secret("\0\xff"sv));
  const ValueLookup lookup = [&](const policy::Reference& reference) -> const SecretBuffer* {
    const auto at = values.find(reference.text);
    return at == values.end() ? nullptr : &at->second;
  };
  const auto parsed =
      parse("a=op://v/i/f;{{ file:///x }}|{{ file:///x }}{{\" $\"}}$PORT${NOPE:-n} confide://BIN").value();
  EXPECT_EQ(parsed.references().size(), 4u);
  EXPECT_EQ(parsed.only_reference(), nullptr);
  const auto rendered = parsed.render(lookup, environ_.variables(), arena_).value();
  EXPECT_EQ(text_of(rendered), "a=one\n;two|two $80n \0\xff"sv);

  const auto missing = parse("op://v/i/other").value().render(lookup, environ_.variables(), arena_);
  EXPECT_EQ(missing.error(), (Error{ErrorKind::kRefused, 0, "op://v/i/other was not resolved"}));
}

TEST_F(TemplateTest, WhatIsPutInIsNotLookedAtAgain) {
  const SecretBuffer value = secret("{{ op://x/y/z }} $APP_ENV");
  const auto parsed = parse("op://v/i/f $REF").value();
  const auto rendered =
      parsed.render([&](const policy::Reference&) { return &value; }, environ_.variables(), arena_).value();
  EXPECT_EQ(text_of(rendered), "{{ op://x/y/z }} $APP_ENV op://a/b/c");
}

constexpr Case kValues[] = {
    {"op://v/i/f", "<op://v/i/f>"},
    {"op://dev/aws/Access Keys/id", "<op://dev/aws/Access Keys/id>"},
    {"vault://kv/a#b", "<vault://kv/a#b>"},
    {"file:///etc/x", "<file:///etc/x>"},
    {"env:X", "<env:X>"},
    {"stdin:", "<stdin:>"},
    {"", ""},
    {"plain", "plain"},
    {"env:production-eu west", "env:production-eu west"},
    {"fd://", "fd://"},
    {"https://op.example", "https://op.example"},
    {"postgres://u:{{ op://v/i/f }}@h", "postgres://u:<op://v/i/f>@h"},
    {"x op://v/i/f", "x <op://v/i/f>"},
    {"$APP_ENV and ${X:?} stay", "$APP_ENV and ${X:?} stay"},
    {"{{ \"file:///srv/models\" }}", "file:///srv/models"},
};

TEST_F(TemplateTest, ValuesOfEnvironmentFiles) {
  for (const auto& [text, segments] : kValues) {
    const auto parsed = Template::parse_value(secret(text), "app.env:3");
    ASSERT_TRUE(parsed.has_value()) << text << ": " << parsed.error().what;
    EXPECT_EQ(show(*parsed, text), segments) << text;
    EXPECT_EQ(parsed->only_reference() != nullptr, segments.starts_with('<')) << text;
  }
  for (const auto& [text, error] : {
           Refusal{"op://v", "app.env:3: column 7: invalid format"},
           Refusal{"vault://CANARY", "app.env:3: column 15: invalid format: must be mount"},
           Refusal{"OP://CANARY",
                   "app.env:3: did you mean op://? (text that only looks like it is written {{ \"…\" }})"},
           Refusal{" op://v/i/f", "app.env:3: did you mean op://?"},
           Refusal{"x {{ opp://CANARY }}", "app.env:3:1:6: in this reference, column 1: not a reference"},
       }) {
    const auto parsed = Template::parse_value(secret(text), "app.env:3");
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_TRUE(parsed.error().what.starts_with(error)) << parsed.error().what;
    EXPECT_EQ(parsed.error().what.find("CANARY"), std::string::npos);
  }
}

}  // namespace
}  // namespace confide::secrets

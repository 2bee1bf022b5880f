// The providers' table: every row's argv, output and failures, as goldens and as rules that hold for all rows.
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "secrets/providers/arguments.h"
#include "secrets/providers/failure.h"
#include "secrets/providers/json.h"
#include "secrets/providers/output.h"
#include "secrets/providers/table.h"
#include "tests/unit/secrets/support.h"

namespace confide::secrets {
namespace {

using testing::secret;
using testing::text_of;

policy::Reference reference(std::string_view text) { return policy::parse_reference(text).value(); }

const Provider& row(std::string_view name) {
  for (const Provider* one : all_providers())
    if (one->name == name) return *one;
  ADD_FAILURE() << "no row " << name;
  return *all_providers().front();
}

struct ArgvCase {
  std::string_view provider;
  std::string_view reference;
  std::string_view found;
  std::vector<std::string> argv;
};
const ArgvCase kArgv[] = {
    {"op", "op://Eng/db staging/conn string", "", {"read", "--no-newline", "op://Eng/db staging/conn string"}},
    {"op", "op://v/i/f?attribute=otp", "", {"read", "--no-newline", "op://v/i/f?attribute=otp"}},
    {"bw", "bw://git hub", "", {"get", "password", "git hub", "--nointeraction", "--raw"}},
    {"bw", "bw://github#token", "", {"get", "item", "github", "--nointeraction", "--raw"}},
    {"doppler",
     "doppler://shop/stg/API_KEY",
     "",
     {"secrets", "get", "API_KEY", "--plain", "--project", "shop", "--config", "stg"}},
    {"infisical",
     "infisical://shop/stg/a/b/KEY",
     "",
     {"secrets", "get", "KEY", "--plain", "--silent", "--projectId=shop", "--env=stg", "--path=/a/b"}},
    {"infisical",
     "infisical://shop/stg/KEY",
     "",
     {"secrets", "get", "KEY", "--plain", "--silent", "--projectId=shop", "--env=stg", "--path=/"}},
    {"aws",
     "aws-sm://prod/db",
     "",
     {"secretsmanager", "get-secret-value", "--secret-id", "prod/db", "--output", "json"}},
    {"aws",
     "aws-sm://prod/db#password",
     "",
     {"secretsmanager", "get-secret-value", "--secret-id", "prod/db", "--output", "json"}},
    {"gcloud",
     "gcp-sm://shop/KEY",
     "",
     {"secrets", "versions", "access", "latest", "--secret=KEY", "--project=shop", "--quiet"}},
    {"gcloud",
     "gcp-sm://shop/KEY?version=7",
     "",
     {"secrets", "versions", "access", "7", "--secret=KEY", "--project=shop", "--quiet"}},
    {"age", "age:///home/me/t.age", "/k", {"--decrypt", "--identity", "/k", "/home/me/t.age"}},
    {"sops",
     "sops:///s.yaml#db.hosts.0.pass\"word",
     "",
     {"--decrypt", "--extract", "[\"db\"][\"hosts\"][0][\"pass\\\"word\"]", "/s.yaml"}},
    {"pass", "pass://web/git hub", "", {"show", "web/git hub"}},
    {"pass", "pass://web/github#user", "", {"show", "web/github"}},
    {"gopass", "gopass://web/github", "", {"show", "--password", "--nosync", "web/github"}},
    {"gopass", "gopass://web/github#user", "", {"show", "--nosync", "web/github", "user"}},
    {"secret-tool", "secret-service://service=a,user=b c", "", {"lookup", "service", "a", "user", "b c"}},
    {"systemd-creds",
     "systemd-cred://api",
     "/etc/credstore.encrypted/api",
     {"decrypt", "--name=api", "/etc/credstore.encrypted/api", "-"}},
    {"exec", "exec:conjur", "/p/conjur", {}},
    {"exec", "exec:conjur/prod/db password", "/p/conjur", {"prod/db password"}},
};

TEST(Providers, Argv) {
  std::set<std::string_view> covered;
  for (const ArgvCase& one : kArgv) {
    const auto argv = arguments_for(row(one.provider), reference(one.reference), one.found);
    ASSERT_TRUE(argv.has_value()) << one.reference << ": " << argv.error().what;
    EXPECT_EQ(*argv, one.argv) << one.reference;
    covered.insert(one.provider);
  }
  for (const Provider* provider : all_providers()) {
    const bool called = provider->how == How::kProgram && provider->name != "exec-unconfined";
    EXPECT_EQ(covered.contains(provider->name), called) << provider->name;
  }
}

// A reference is a line of text that somebody else may have written: none can become an option.
TEST(Providers, NoReferenceBecomesAnOption) {
  for (const ArgvCase& one : kArgv) {
    const auto parsed = reference(one.reference);
    const auto argv = arguments_for(row(one.provider), parsed, one.found).value();
    const auto& provider = row(one.provider);
    for (const auto& pattern : is_keyed(provider, parsed) ? provider.keyed_arguments : provider.arguments)
      EXPECT_FALSE(pattern.starts_with('{') && pattern != "{attributes}" &&
                   fill(pattern, parsed, one.found).value().starts_with('-'))
          << one.reference;
  }
}

TEST(Providers, EveryRowIsWhole) {
  std::set<std::string_view> names;
  for (const Provider* provider : all_providers()) {
    SCOPED_TRACE(provider->name);
    EXPECT_TRUE(names.insert(provider->name).second);
    EXPECT_EQ(provider->program.empty(), provider->how != How::kProgram);
    EXPECT_EQ(provider->call.empty(), provider->how == How::kProgram);
    EXPECT_EQ(provider->why_not.empty(), provider->confined == Confined::kAlways);
    EXPECT_FALSE(provider->tested.empty());
    EXPECT_FALSE(providers_of(provider->scheme).empty());
    EXPECT_FALSE(provider->confined == Confined::kWithCredential && provider->credentials.empty());
    EXPECT_GE(provider->timeout_ms, 1000U);
    for (const FailureRule& rule : provider->failures) {
      EXPECT_FALSE(rule.exit_status == kAnyStatus && rule.pattern.empty()) << "a rule that fits everything";
      EXPECT_FALSE(rule.cure.ends_with('.')) << rule.cure;
    }
  }
  EXPECT_EQ(providers_named("aws-sm"), providers_named("aws"));
  EXPECT_TRUE(providers_named("nothing").empty());
}

struct OutputCase {
  std::string_view provider;
  std::string_view reference;
  std::string_view output;
  std::string_view value;  // or, where `error`, the cause
  bool error = false;
};
constexpr OutputCase kOutputs[] = {
    {"op", "op://v/i/f", "a\nb\n", "a\nb\n"},
    {"op", "op://v/i/f", "", "it printed nothing", true},
    {"doppler", "doppler://a/b/C", "value\n", "value"},
    {"doppler", "doppler://a/b/C", "two\nlines\r\n", "two\nlines"},
    {"doppler", "doppler://a/b/C", "\n", "the value is empty", true},
    {"pass", "pass://a", "S\nuser: x\n", "S"},
    {"pass", "pass://a", "S", "S"},
    {"pass", "pass://a", "S\r\nuser: x\r\n", "S"},
    {"pass", "pass://a#user", "S\nuser:  x y \nother: z\n", "x y"},
    {"pass", "pass://a#user", "user: first\nuser2: no\nuser:yes", "yes"},
    {"pass", "pass://a#pin", "S\nuser: x\n", "the entry has no line that begins with “pin:”", true},
    {"aws", "aws-sm://x", R"({"ARN":"a","SecretString":"s\"\u00e9\n"})", "s\"é\n"},
    {"aws", "aws-sm://x#a.b", R"({"SecretString":"{\"a.b\": \"v\", \"a\": {\"b\": 1}}"})", "v"},
    {"aws", "aws-sm://x#port", R"({"SecretString":"{\"port\": 5432}"})", "5432"},
    {"aws", "aws-sm://x#no", R"({"SecretString":"{}"})", "there is no no in it", true},
    {"aws", "aws-sm://x", R"({"SecretBinary":"AAA="})", "there is no SecretString in it", true},
    {"bw", "bw://i#token",
     R"({"login":{"password":"p"},"fields":[{"name":"other","value":"o"},{"name":"token","value":"t"}]})", "t"},
    {"bw", "bw://i#none", R"({"fields":[{"name":"other","value":"o"}]})", "there is no none in it", true},
    {"gcloud", "gcp-sm://a/B", "v\n", "v\n"},
};

TEST(Providers, Output) {
  SecretArena arena;
  for (const OutputCase& one : kOutputs) {
    const auto value = value_from_output(row(one.provider), reference(one.reference), secret(one.output), arena);
    if (one.error) {
      ASSERT_FALSE(value.has_value()) << one.reference;
      EXPECT_EQ(value.error(), (Error{ErrorKind::kRefused, 0, std::string(one.value)}));
    } else {
      ASSERT_TRUE(value.has_value()) << one.reference << ": " << value.error().what;
      EXPECT_EQ(text_of(*value), one.value) << one.reference;
    }
  }
}

struct FailureCase {
  std::string_view provider;
  int status;
  std::string_view error_text;
  Meaning meaning;
  std::string_view says;
};
constexpr FailureCase kFailures[] = {
    {"op", 1, "[ERROR] 2024/01/01 00:00:00 You are not currently signed in. Please run `op signin --help`\n",
     Meaning::kNotSignedIn, "op: not signed in: sign in with `op signin`, or set OP_SERVICE_ACCOUNT_TOKEN"},
    {"op", 1,
     "[ERROR] 2024/06/07 17:56:25 could not read secret 'op://v/i/f': could not get item v/i: \"v\" isn't a vault in "
     "this account. Specify the vault with its ID or name.\n",
     Meaning::kNoSuchItem, "no vault of that name"},
    {"op", 1, "[ERROR] 2024/06/07 17:56:25 \"i\" isn't an item in the \"v\" vault.", Meaning::kNoSuchItem,
     "no item of that name in the vault"},
    {"op", 1,
     "[ERROR] 2023/06/26 11:55:32 (429) Too Many Requests: You've reached the maximum number of this type of requests "
     "this service account is allowed to make. Please retry in 58 minutes or try other requests.",
     Meaning::kRateLimited, "`op service-account ratelimit`"},
    {"op", 1, "More than one item matches \"x\". Try again and specify the item by its ID:", Meaning::kAmbiguous,
     "by its id"},
    {"bw", 1, "You are not logged in.", Meaning::kNotSignedIn, "`bw login`"},
    {"bw", 1, "Vault is locked.", Meaning::kNotSignedIn, "BW_SESSION"},
    {"bw", 1, "Not found.", Meaning::kNoSuchItem, "bw: no such item"},
    {"doppler", 1, "Doppler Error: you must provide a token", Meaning::kNotSignedIn, "doppler login"},
    {"doppler", 1, "Doppler Error: Could not find requested secret: X", Meaning::kNoSuchItem, "no such project"},
    {"infisical", 1, "error: You must be logged in to run this command.", Meaning::kNotSignedIn, "infisical login"},
    {"infisical", 0, "", Meaning::kNoSuchItem, "no secret of that name"},
    {"aws", 253, "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
     Meaning::kNotSignedIn, "aws sso login"},
    {"aws", 254,
     "\nAn error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't "
     "find the specified secret.",
     Meaning::kNoSuchItem, "no such secret"},
    {"aws", 254, "An error occurred (AccessDeniedException) when calling the GetSecretValue operation",
     Meaning::kNoPermission, "GetSecretValue"},
    {"aws", 254, "An error occurred (ThrottlingException) when calling", Meaning::kRateLimited, "aws: rate limited"},
    {"gcloud", 1, "ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret [x] not found", Meaning::kNoSuchItem,
     "no such"},
    {"gcloud", 1, "ERROR: (gcloud.secrets.versions.access) You do not currently have an active account selected.",
     Meaning::kNotSignedIn, "gcloud auth login"},
    {"age", 1, "age: error: no identity matched any of the recipients", Meaning::kNoPermission, "other recipients"},
    {"sops", 128, "Failed to get the data key required to decrypt the SOPS file.", Meaning::kNotSignedIn,
     "SOPS_AGE_KEY_FILE"},
    {"sops", 91, "component [\"x\"]", Meaning::kNoSuchItem, "no such key"},
    {"pass", 1, "Error: a/b is not in the password store.", Meaning::kNoSuchItem, "`pass ls`"},
    {"pass", 2, "gpg: decryption failed: No secret key", Meaning::kNoPermission, "not here"},
    {"gopass", 11, "Error: failed to retrieve secret 'x': entry is not in the password store", Meaning::kNoSuchItem,
     "gopass ls"},
    {"secret-tool", 1, "", Meaning::kNoSuchItem, "no item has these attributes"},
    {"secret-tool", 1, "secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY", Meaning::kNotConfigured,
     "session bus"},
    {"systemd-creds", 1, "Embedded credential name 'a' does not match filename 'b', refusing.", Meaning::kNoPermission,
     "another name"},
    {"systemd-creds", 1, "Credential's time passed: …", Meaning::kNoPermission, "expired"},
    {"exec", 3, "first line\nthe vault is on fire\n", Meaning::kFailed, "exec: failed: exit status 3"},
    {"exec", 3, "", Meaning::kFailed, "exec: failed: exit status 3"},
};

std::string as_it_is(std::string_view text) { return std::string(text); }

TEST(Providers, Failures) {
  for (const FailureCase& one : kFailures) {
    const Failure failure =
        explain_failure(row(one.provider), {.exit_status = one.status, .error_text = one.error_text}, as_it_is);
    EXPECT_EQ(failure.meaning, one.meaning) << one.error_text;
    EXPECT_NE(failure.text.find(one.says), std::string::npos) << failure.text;
    EXPECT_TRUE(failure.text.starts_with(cat(one.provider, ": ", text_of(one.meaning)))) << failure.text;
  }
  const Failure late = explain_failure(row("op"), {.timed_out = true, .error_text = "not signed in"}, as_it_is);
  EXPECT_EQ(late.meaning, Meaning::kTimedOut);
}

// What an unknown failure quotes stands apart from our words, and is redacted, of one line, printable and short.
TEST(Providers, QuotedErrorsHoldNoValue) {
  const auto redact = [](std::string_view text) {
    std::string out(text);
    for (size_t at = 0; (at = out.find("CANARY", at)) != std::string::npos;) out.replace(at, 6, "[hidden]");
    return out;
  };
  const auto said = [&](std::string_view text) {
    const Failure failure = explain_failure(row("exec"), {.exit_status = 1, .error_text = text}, redact);
    EXPECT_EQ(failure.text, "exec: failed: exit status 1");
    return failure.quoted;
  };
  EXPECT_EQ(said("first line\nthe vault is on fire\n"), "the vault is on fire");
  EXPECT_EQ(said("bad token CANARY"), "bad token [hidden]");
  EXPECT_EQ(said("bad token ghp_aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1bC3dE5"), "bad token […]");
  EXPECT_EQ(said("a\x1b[31m\tb"), "a\\x1b[31m\\x09b");
  EXPECT_EQ(said("plain words of an ordinary-length-that-has-no-digit error"),
            "plain words of an ordinary-length-that-has-no-digit error");
  EXPECT_LE(said(std::string(5000, 'x')).size(), kMaxQuoted + 10);
}

struct JsonCase {
  std::string_view document;
  std::string_view path;
  std::string_view value;
  bool error = false;
};
constexpr JsonCase kJson[] = {
    {R"("bare")", "", "bare"},
    {R"({"a":{"b":["x",{"c":"y"}]}})", "a.b.1.c", "y"},
    {R"( { "a" : [ 1 , 2.5e3 , true ] } )", "a.1", "2.5e3"},
    {R"({"a\u002eb":"q"})", "\"a.b\"", "q"},
    {R"({"a":"\ud83d\ude00"})", "a", "😀"},
    {R"({"aa":1,"a":2})", "a", "2"},
    {R"({"a":1,"aa":2})", "aa", "2"},
    {R"({"skip":{"deep":[[[{"x":"\"}]"}]]]},"a":"v"})", "a", "v"},
    {R"({"a":null})", "a", "what stands there is null", true},
    {R"({"a":[]})", "a", "what stands there is a list or an object, not a text", true},
    {R"({"a":[]})", "a.0", "there is no 0 in it", true},
    {R"({"a":"x"})", "a.b", "there is no b in it", true},
    {R"({"a":"\ud800"})", "a", "the document is no valid JSON", true},
    {R"({"a":"unterminated)", "a", "the document is no valid JSON", true},
    {R"({"a" "b"})", "a", "the document is no valid JSON", true},
    {R"({"b":nope,"a":1})", "a", "the document is no valid JSON", true},
    {"", "a", "there is no a in it", true},
    {R"({"a":1})", "a.", "the path into the document is malformed", true},
    {R"({"a":[{"n":"k","v":"1"}]})", "a[n=k].v", "1"},
    {R"({"a":[5,{"m":1},{"n":"kk"},{"n":"k","v":"1"}]})", "a[n=k].v", "1"},
    {R"({"a":{}})", "a[n=k].v", "there is no a in it", true},
};

TEST(Providers, JsonText) {
  SecretArena arena;
  for (const JsonCase& one : kJson) {
    const auto value = json_text(secret(one.document), one.path, arena);
    if (one.error) {
      ASSERT_FALSE(value.has_value()) << one.document;
      EXPECT_EQ(value.error().what, one.value) << one.document;
    } else {
      ASSERT_TRUE(value.has_value()) << one.document << ": " << value.error().what;
      EXPECT_EQ(text_of(*value), one.value) << one.document;
    }
  }
  const std::string deep = std::string(100000, '[');
  EXPECT_EQ(json_text(secret(cat("{\"x\":", deep, ",\"a\":1}")), "a", arena).error().what,
            "the document is no valid JSON");
}

TEST(Providers, PathsOfRows) {
  const auto shell = [](std::string_view name) -> std::optional<std::string> {
    if (name == "HOME") return "/home/me";
    if (name == "RELATIVE") return "x/y";
    if (name == "KEY") return "/k/id.txt";
    return std::nullopt;
  };
  EXPECT_EQ(expand_row_path("~/.aws", shell), "/home/me/.aws");
  EXPECT_EQ(expand_row_path("$XDG_CONFIG_HOME/op", shell), "/home/me/.config/op");
  EXPECT_EQ(expand_row_path("$KEY", shell), "/k/id.txt");
  EXPECT_EQ(expand_row_path("/etc/x", shell), "/etc/x");
  EXPECT_EQ(expand_row_path("$RELATIVE", shell), std::nullopt);
  EXPECT_EQ(expand_row_path("$MISSING/x", shell), std::nullopt);
}

}  // namespace
}  // namespace confide::secrets

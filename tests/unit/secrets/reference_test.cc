#include "policy/reference.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>

namespace confide::policy {
namespace {

using namespace std::string_view_literals;

// What 1Password's own parser says of each text: validateSecretReference of @1password/sdk 0.5.0, run over all of them.
struct OpCase {
  std::string_view text;
  std::string_view refused_with;  // a piece of our error; empty: accepted
};
constexpr OpCase kOpCases[] = {
    {"op://v/i/f", ""},
    {"op://v/i/s/f", ""},
    {"op://Engineering/staging-db/connection string", ""},
    {"op://a-b_c.d/1/2/3", ""},
    {"op://v/i/f ", ""},
    {"op:// v/i/f", ""},
    {"op://v /i /f", ""},
    {"op://v//f", ""},
    {"op:///i/f", ""},
    {"op://v/i/", ""},
    {"op://v/i//f", ""},
    {"op://v/i/s/", ""},
    {"op:////", ""},
    {"op://v/i/f?attribute=otp", ""},
    {"op://v/i/f?attribute=totp", ""},
    {"op://v/i/f?ssh-format=openssh", ""},
    {"op://v/i/s/f?attribute=otp", ""},
    {"op://v/i/?attribute=otp", ""},
    {"op://v/i/f/?attribute=otp", ""},
    {"", "must begin with a scheme"},
    {"op", "must begin with a scheme"},
    {"op:/v/i/f", "must begin with a scheme"},
    {" op://v/i/f", "did you mean op://?"},
    {"OP://v/i/f", "did you mean op://?"},
    {"Op://v/i/f", "did you mean op://?"},
    {"op://", "column 6: invalid format"},
    {"op://v", "column 7: invalid format"},
    {"op://v/i", "column 9: invalid format"},
    {"op:///", "column 7: invalid format"},
    {"op://v/i/s/f/x", "column 14: invalid format"},
    {"op://v/i/s/f/?attribute=otp", "column 14: invalid format"},
    {"op://v?x/i/f", "invalid format"},
    {"op://?attribute=otp", "invalid format"},
    {"op://v/i?attribute=otp", "invalid format"},
    {"op://v/i?attribute=otp/f", "invalid format"},
    {"op://v/i/f?", "column 12: invalid format"},
    {"op://v/i/?", "invalid format"},
    {"op://v/i/f?otp", "column 12: invalid format"},
    {"op://v/i/f?attribute", "invalid format"},
    {"op://v/i/f!", "column 11: invalid character"},
    {"op://v/i/f@", "invalid character"},
    {"op://v/i/f+", "invalid character"},
    {"op://v/i/f:", "invalid character"},
    {"op://v/i'/f", "column 9: invalid character"},
    {"op://v/i/(f)", "invalid character"},
    {"op://v/i/f#", "invalid character"},
    {"op://v/i/f%20", "invalid character"},
    {"op://v/i/f=1", "invalid character"},
    {"op://v/i/f&x", "invalid character"},
    {"op://v/i/a,b", "invalid character"},
    {"op://v/i/a;b", "invalid character"},
    {"op://v/i/a~b", "invalid character"},
    {"op://v/i/a*b", "invalid character"},
    {"op://v/i/a\\b", "invalid character"},
    {"op://v/i/a\"b", "invalid character"},
    {"op://v/i/a`b", "invalid character"},
    {"op://v/i/a|b", "invalid character"},
    {"op://v/i/a<b", "invalid character"},
    {"op://v/i/a[b", "invalid character"},
    {"op://v/i/a{b", "invalid character"},
    {"op://v/i/a^b", "invalid character"},
    {"op://v/i/f\t", "invalid character"},
    {"op://v/i/f\n", "invalid character"},
    {"op://v/i/f\v", "invalid character"},
    {"op://v/i/f\r", "invalid character"},
    {"op://v/i/f\0"sv, "invalid character"},
    {"op://v/i/é", "column 10: invalid character"},
    {"op://v/i/f\u00a0", "invalid character"},
    {"op://$VAR/i/f", "column 6: invalid character"},
    {"op://${VAR}/i/f", "invalid character"},
    {"op://${VAR:-x}/i/f", "invalid character"},
    {"op://v/i/f?attr=otp", "column 12: invalid parameter:"},
    {"op://v/i/f?Attribute=otp", "invalid parameter:"},
    {"op://v/i/f? attribute=otp", "invalid parameter:"},
    {"op://v/i/f?attribute=", "column 22: invalid parameter value"},
    {"op://v/i/f?attribute=value", "invalid parameter value"},
    {"op://v/i/f?attribute=type", "invalid parameter value"},
    {"op://v/i/f?attribute=title", "invalid parameter value"},
    {"op://v/i/f?attribute=id", "invalid parameter value"},
    {"op://v/i/f?attribute=purpose", "invalid parameter value"},
    {"op://v/i/f?attribute=content", "invalid parameter value"},
    {"op://v/i/f?attribute=size", "invalid parameter value"},
    {"op://v/i/f?attribute=OTP", "invalid parameter value"},
    {"op://v/i/f?attribute=otp ", "invalid parameter value"},
    {"op://v/i/f?attribute=otp#", "invalid parameter value"},
    {"op://v/i/f?attribute=otp=x", "invalid parameter value"},
    {"op://v/i/f?attribute=otp?attribute=otp", "invalid parameter value"},
    {"op://v/i/f?attribute=otp&ssh-format=openssh", "invalid parameter value"},
    {"op://v/i/f?ssh-format=openssh&attribute=otp", "invalid parameter value"},
    {"op://v/i/f?ssh-format=", "invalid parameter value"},
    {"op://v/i/f?ssh-format=pem", "invalid parameter value"},
    {"op://v/i/f?ssh-format=OpenSSH", "invalid parameter value"},
};

TEST(Reference, OpAsItsOwnParserDoes) {
  for (const auto& [text, refused_with] : kOpCases) {
    const auto result = parse_reference(text);
    if (refused_with.empty()) {
      EXPECT_TRUE(result.has_value()) << text << ": " << result.error().what;
      continue;
    }
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().kind, ErrorKind::kRefused);
    EXPECT_NE(result.error().what.find(refused_with), std::string::npos) << text << ": " << result.error().what;
  }
  EXPECT_TRUE(parse_reference("op://v/i/" + std::string(5000, 'f')).has_value());
}

TEST(Reference, PartsOfOp) {
  EXPECT_EQ(parse_reference("op://v 1/i/s/f?attribute=totp").value(),
            (Reference{Scheme::kOp, "op://v 1/i/s/f?attribute=totp",
                       OpItem{"v 1", "i", "s", "f", OpItem::Attribute::kTotp}}));
  EXPECT_EQ(std::get<OpItem>(parse_reference("op://v/i/f").value().parts), (OpItem{"v", "i", std::nullopt, "f"}));
  EXPECT_EQ(std::get<OpItem>(parse_reference("connect://v/i/f?ssh-format=openssh").value().parts),
            (OpItem{"v", "i", std::nullopt, "f", OpItem::Attribute::kSshOpenSsh}));
}

struct Accepted {
  std::string_view text;
  Scheme scheme;
  Parts parts;
};
const Accepted kAccepted[] = {
    {"confide://API_KEY", Scheme::kConfide, StoredSecret{"", "API_KEY", std::nullopt}},
    {"confide://staging/API_KEY?version=12", Scheme::kConfide, StoredSecret{"staging", "API_KEY", 12}},
    {"vault://kv/staging#api_key", Scheme::kVault, VaultEntry{"kv", "staging", "api_key", std::nullopt}},
    {"vault://kv/a/b c#k.e/y?version=3", Scheme::kVault, VaultEntry{"kv", "a/b c", "k.e/y", 3}},
    {"sops:///etc/s.yaml#a.b", Scheme::kSops, FileEntry{"/etc/s.yaml", "a.b"}},
    {"sops:///odd#name.yaml#key", Scheme::kSops, FileEntry{"/odd#name.yaml", "key"}},
    {"age:///home/me/k.age", Scheme::kAge, FileEntry{"/home/me/k.age", ""}},
    {"aws-sm://prod/db#password", Scheme::kAwsSm, KeyedEntry{"prod/db", "password"}},
    {"aws-sm://arn:aws:secretsmanager:eu-west-1:1:secret:x-AbC", Scheme::kAwsSm,
     KeyedEntry{"arn:aws:secretsmanager:eu-west-1:1:secret:x-AbC", ""}},
    {"gcp-sm://shop/API_KEY", Scheme::kGcpSm, CloudSecret{"shop", "API_KEY", std::nullopt}},
    {"gcp-sm://shop/API_KEY?version=7", Scheme::kGcpSm, CloudSecret{"shop", "API_KEY", 7}},
    {"doppler://shop/stg/API_KEY", Scheme::kDoppler, DopplerSecret{"shop", "stg", "API_KEY"}},
    {"infisical://shop/stg/API_KEY", Scheme::kInfisical, InfisicalSecret{"shop", "stg", "/", "API_KEY"}},
    {"infisical://shop/stg/a/b/API_KEY", Scheme::kInfisical, InfisicalSecret{"shop", "stg", "/a/b", "API_KEY"}},
    {"pass://web/github.com/me", Scheme::kPass, KeyedEntry{"web/github.com/me", ""}},
    {"pass://web/github#user", Scheme::kPass, KeyedEntry{"web/github", "user"}},
    {"gopass://web/github#user", Scheme::kGopass, KeyedEntry{"web/github", "user"}},
    {"bw://github", Scheme::kBitwarden, KeyedEntry{"github", ""}},
    {"bw://a b#username", Scheme::kBitwarden, KeyedEntry{"a b", "username"}},
    {"secret-service://service=lab,username=a/p i", Scheme::kSecretService,
     SecretServiceItem{{{"service", "lab"}, {"username", "a/p i"}}}},
    {"systemd-cred://api.key", Scheme::kSystemdCred, NamedSecret{"api.key"}},
    {"keyring://session/app:token", Scheme::kKeyring, KeyringKey{KeyringKey::Keyring::kSession, "app:token"}},
    {"keyring://user/a/b", Scheme::kKeyring, KeyringKey{KeyringKey::Keyring::kUser, "a/b"}},
    {"exec:conjur", Scheme::kExec, ExecSecret{"conjur", ""}},
    {"exec:conjur/prod/db password", Scheme::kExec, ExecSecret{"conjur", "prod/db password"}},
    {"file:///etc/tokens/a b", Scheme::kFile, FileEntry{"/etc/tokens/a b", ""}},
    {"file:///x?y#z%20é", Scheme::kFile, FileEntry{"/x?y#z%20é", ""}},
    {"env:API_KEY", Scheme::kEnv, NamedSecret{"API_KEY"}},
    {"env:spring.datasource.password", Scheme::kEnv, NamedSecret{"spring.datasource.password"}},
    {"fd:3", Scheme::kFd, Descriptor{3}},
    {"fd:1024", Scheme::kFd, Descriptor{1024}},
    {"stdin:", Scheme::kStdin, StandardInput{}},
};

TEST(Reference, EveryOtherSchemeAndItsParts) {
  for (const auto& [text, scheme, parts] : kAccepted) {
    const auto result = parse_reference(text);
    ASSERT_TRUE(result.has_value()) << text << ": " << result.error().what;
    EXPECT_EQ(*result, (Reference{scheme, std::string(text), parts})) << text;
    EXPECT_TRUE(text.starts_with(prefix_of(scheme)));
    EXPECT_TRUE(looks_like_reference(text)) << text;
  }
}

struct Refused {
  std::string_view text;
  std::string_view error;
};
constexpr Refused kRefused[] = {
    {"confide://", "column 11: the name is missing"},
    {"confide:///X", "column 11: the environment is missing"},
    {"confide://a/b/C", "column 15: invalid format: must be [environment/]NAME[?version=N]"},
    {"confide://a b", "column 12: the name is letters, digits, '_', '.' and '-'"},
    {"confide://X?version=0", "column 21: a version is a number from 1"},
    {"confide://X?version=01", "column 21: a version is a number from 1"},
    {"confide://X?version=", "column 21: a version is a number from 1"},
    {"confide://X?version=-1", "column 21: a version is a number from 1"},
    {"confide://X?version=99999999999999999999", "column 21: a version is a number from 1"},
    {"confide://X?v=1", "column 13: the only parameter here is ?version=N"},
    {"confide://-X", "column 11: the name may not begin with '-'"},
    {"vault://kv/staging", "column 19: invalid format: must be mount/path#key[?version=N]"},
    {"vault://kv#k", "column 11: the path below the mount is missing"},
    {"vault:///p#k", "column 9: the mount is missing"},
    {"vault://kv/#k", "column 12: the path is missing"},
    {"vault://kv/a/../sys#k", "column 14: the path has a part '.' or '..'"},
    {"vault://kv/a//b#k", "column 14: the path has an empty part"},
    {"vault://kv/a#", "column 14: the key is missing"},
    {"vault://kv/a#k?x=1", "column 16: the only parameter here is ?version=N"},
    {"sops:///f", "column 10: the key is missing: sops:///file#a.b"},
    {"sops:///f#a..b", "column 13: the key has an empty part"},
    {"sops://f#a", "column 8: the path must be absolute: sops:///file#a.b"},
    {"age://f", "column 7: the path must be absolute: age:///file"},
    {"aws-sm://", "column 10: the secret's id is missing"},
    {"aws-sm://x#", "column 12: what follows '#' is missing"},
    {"aws-sm://--query", "column 10: the secret's id may not begin with '-'"},
    {"gcp-sm://a", "column 10: invalid format: must be project/NAME[?version=N]"},
    {"gcp-sm://a/B?version=latest", "column 22: a version is a number from 1"},
    {"bw://", "column 6: the item is missing"},
    {"doppler://a/b", "column 11: invalid format: must be project/config/NAME"},
    {"doppler://a//C", "column 13: the config is missing"},
    {"infisical://a/b", "column 16: invalid format: must be project/environment/[folder/]NAME"},
    {"infisical://a/b//C", "column 17: each part is missing"},
    {"pass://../../etc", "column 8: the entry's path has a part '.' or '..'"},
    {"pass://-c", "column 8: the entry's path may not begin with '-'"},
    {"pass://a\nb", "column 9: the entry's path has a control character"},
    {"pass://a ", "column 9: the entry's path has a space at its end"},
    {"secret-service://", "column 18: invalid format: must be attribute=value[,attribute=value…]"},
    {"secret-service://a=b,", "column 22: invalid format: must be attribute=value[,attribute=value…]"},
    {"secret-service://=b", "column 18: an attribute is missing"},
    {"secret-service://a=-b", "column 20: an attribute's value may not begin with '-'"},
    {"systemd-cred://a/b", "column 16: the name has no '/'"},
    {"systemd-cred://..", "column 16: the name has a part '.' or '..'"},
    {"keyring://x", "column 11: invalid format: must be session/description or user/description"},
    {"keyring://process/x", "column 11: invalid format: must be session/description or user/description"},
    {"keyring://user/", "column 16: the description is missing"},
    {"exec:", "column 6: the program is missing"},
    {"exec:..", "column 6: the program is a name, not a folder"},
    {"exec:/bin/sh", "column 6: the program is missing"},
    {"exec:p/-x", "column 8: the id may not begin with '-'"},
    {"file://", "column 8: the path must be absolute: file:///etc/token"},
    {"file://etc/x", "column 8: the path must be absolute: file:///etc/token"},
    {"file://localhost/etc/x", "column 8: the path must be absolute: file:///etc/token"},
    {"file:///", "column 9: the path is missing"},
    {"file:///a/", "column 11: the path has an empty part"},
    {"file:///a/../b", "column 11: the path has a part '.' or '..'"},
    {"file:///a\0b"sv, "column 10: the path has a control character"},
    {"env:", "column 5: the name is empty"},
    {"env:1X", "column 5: the name begins with a digit"},
    {"env:A=B", "column 5: the name has a '='"},
    {"env:A B", "column 5: the name has other than letters, digits, '_', '.', '-'"},
    {"fd:", "column 4: a descriptor is a number: fd:3"},
    {"fd:03", "column 4: a descriptor is a number: fd:3"},
    {"fd:-1", "column 4: a descriptor is a number: fd:3"},
    {"fd:3x", "column 4: a descriptor is a number: fd:3"},
    {"fd:99999999", "column 4: a descriptor is a number: fd:3"},
    {"fd:0", "column 4: descriptors 0, 1 and 2 are the standard streams; stdin: reads the first"},
    {"stdin:x", "column 7: nothing follows stdin:"},
    {"opp://v/i/f", "column 1: not a reference: did you mean op://?"},
    {"valut://kv/a#b", "column 1: not a reference: did you mean vault://?"},
    {"confid://X", "column 1: not a reference: did you mean confide://?"},
    {"postgres://user:CANARY@host/db",
     "column 1: not a reference: it must begin with a scheme such as op://, confide://, vault:// or file://"},
};

TEST(Reference, RefusalsSayColumnAndCause) {
  for (const auto& [text, error] : kRefused) {
    const auto result = parse_reference(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error(), (Error{ErrorKind::kRefused, 0, std::string(error)})) << text;
  }
}

TEST(Reference, TooLongIsRefused) {
  EXPECT_EQ(parse_reference("op://v/i/" + std::string(kMaxReferenceBytes, 'f')).error().what,
            "column 16385: a reference has at most 16384 bytes");
}

TEST(Reference, LooksLike) {
  for (const auto text : {"op://", "op://bad", "vault://x", "file:///x", "env:HOME", "fd:3", "stdin:"}) {
    EXPECT_TRUE(looks_like_reference(text)) << text;
  }
  for (const auto text : {"", "op:/", "OP://v/i/f", " op://v/i/f", "https://x", "env: x", "env:", "fd:", "fd://",
                          "fd:x", "stdin:x", "postgres://u:p@h", "hunter2", "exec: ls"}) {
    EXPECT_FALSE(looks_like_reference(text)) << text;
  }
}

TEST(Reference, MisspeltSchemes) {
  EXPECT_EQ(misspelt_scheme("OP://v/i/f"), Scheme::kOp);
  EXPECT_EQ(misspelt_scheme("po://v/i/f"), Scheme::kOp);
  EXPECT_EQ(misspelt_scheme("opp://v/i/f"), Scheme::kOp);
  EXPECT_EQ(misspelt_scheme("valut://a/b#c"), Scheme::kVault);
  EXPECT_EQ(misspelt_scheme("dopler://a/b/c"), Scheme::kDoppler);
  EXPECT_EQ(misspelt_scheme("secret_service://a=b"), Scheme::kSecretService);
  for (const auto text :
       {"op://v/i/f", "https://x", "http://x", "ftp://x",   "tcp://x",   "ssh://x",      "s3://x",
        "ws://x",     "wss://x",   "amqp://x", "redis://x", "mysql://x", "postgres://x", "postgresql://x",
        "git://x",    "smtp://x",  "ldap://x", "nats://x",  "unix://x",  "mongodb://x",  "kafka://x",
        "sqlite://x", "grpc://x",  "jdbc:x",   "op:",       "",          "://x"}) {
    EXPECT_EQ(misspelt_scheme(text), std::nullopt) << text;
  }
}

TEST(Reference, StoresAreToldFromPlaces) {
  EXPECT_TRUE(names_a_store(Scheme::kOp));
  EXPECT_TRUE(names_a_store(Scheme::kConfide));
  EXPECT_FALSE(names_a_store(Scheme::kFile));
  EXPECT_FALSE(names_a_store(Scheme::kEnv));
}

TEST(VariableName, WhatIsTaken) {
  for (const auto name : {"A", "_", "a1", "API_KEY", "spring.datasource.password", "a-b"}) {
    EXPECT_TRUE(check_variable_name(name).has_value()) << name;
  }
  for (const auto name : {""sv, "1A"sv, "-A"sv, ".A"sv, "A B"sv, "A=B"sv, "A\nB"sv, "A\0B"sv, "Ä"sv, "A/B"sv, "A$"sv}) {
    const auto result = check_variable_name(name);
    ASSERT_FALSE(result.has_value()) << name;
    EXPECT_EQ(result.error().kind, ErrorKind::kRefused);
  }
  EXPECT_FALSE(check_variable_name(std::string(256, 'A')).has_value());
}

}  // namespace
}  // namespace confide::policy

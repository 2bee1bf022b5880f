#include "policy/credential.h"

#include <gtest/gtest.h>

#include <tuple>

#include "base/text.h"

namespace confide::policy {
namespace {

TEST(CredentialNames, AreSeen) {
  for (const std::string_view name : {"GITHUB_TOKEN",
                                      "github_token",
                                      "GHTOKEN",
                                      "npm_config__authToken",
                                      "DB_PASSWORD",
                                      "DBPASSWORD",
                                      "PGPASSWORD",
                                      "MYSQL_PWD",
                                      "DB_PASS",
                                      "AWS_SECRET_ACCESS_KEY",
                                      "AWS_PROFILE",
                                      "OPENAI_API_KEY",
                                      "ANTHROPIC_API_KEY",
                                      "MY_APIKEY",
                                      "STRIPE_KEY",
                                      "API_KEY_PROD",
                                      "SECRET_KEY_BASE",
                                      "SESSION_SECRET",
                                      "CLIENT_SECRET_2",
                                      "DATABASE_URL",
                                      "STAGING_DATABASE_URL",
                                      "REDIS_URL",
                                      "SENTRY_DSN",
                                      "SSH_AUTH_SOCK",
                                      "DBUS_SESSION_BUS_ADDRESS",
                                      "DOCKER_HOST",
                                      "KUBECONFIG",
                                      "OP_SESSION_abc",
                                      "BW_SESSION",
                                      "VAULT_TOKEN",
                                      "GITHUB_PAT",
                                      "SLACK_WEBHOOK_URL",
                                      "JWT_SIGNING_KEY",
                                      "SSH_PRIVATE_KEY",
                                      "ENCRYPTION_KEY_V2",
                                      "COOKIE_SECRET",
                                      "BASIC_AUTH",
                                      "KEYSTORE_PASSPHRASE",
                                      "TMUX",
                                      "XAUTHORITY",
                                      "KRB5CCNAME",
                                      "OTP",
                                      "GITHUB_ENV",
                                      "ACTIONS_RUNTIME_URL",
                                      "AZURE_CLIENT_ID",
                                      "DIRENV_DIFF",
                                      "CONNECTION_STRING",
                                      "SQL_CONN_STR"})
    EXPECT_FALSE(credential_by_name(name, "some value of it").empty()) << name;
}

TEST(CredentialNames, HarmlessOnesPass) {
  const std::tuple<std::string_view, std::string_view> kCases[] = {
      {"PATH", "/usr/bin:/bin"},
      {"HOME", "/home/me"},
      {"PWD", "/srv"},
      {"OLDPWD", "/srv"},
      {"INIT_CWD", "/srv"},
      {"TERM", "xterm-256color"},
      {"COLORTERM", "truecolor"},
      {"TERM_SESSION_ID", "w0t0p0:8B3F3B52-25F1-4A9D-9C2B-0D6B5B1F9F11"},
      {"KEYBOARD_LAYOUT", "de"},
      {"KEYBOARD", "us"},
      {"MONKEY", "see"},
      {"SSH_TTY", "/dev/pts/3"},
      {"SSH_CLIENT", "10.0.0.1 4242 22"},
      {"SSH_ASKPASS", "/usr/bin/ksshaskpass"},
      {"GPG_TTY", "/dev/pts/3"},
      {"XDG_SESSION_ID", "3"},
      {"AWS_REGION", "eu-central-1"},
      {"GITHUB_ACTIONS", "true"},
      {"GITHUB_SHA", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"MAX_TOKENS", "4096"},
      {"MAX_THINKING_TOKENS", "31999"},
      {"TOKENIZERS_PARALLELISM", "false"},
      {"DB_PASSWORD_FILE", "/run/secrets/db"},
      {"SSL_KEY_PATH", "/etc/ssl/private/x.pem"},
      {"SSH_PUBLIC_KEY", "ssh-ed25519 AAAAC3Nza me@x"},
      {"KITTY_PUBLIC_KEY", "1:abc"},
      {"KEY", "on"},
      {"AUTHOR", "me"},
      {"COMPASS", "north"},
      {"PASSENGERS", "3"},
      {"LC_PASSWORD", "x"},
  };
  for (const auto& [name, value] : kCases) EXPECT_EQ(looks_like_credential(name, value), "") << name;
}

// Put together at run time: whole tokens in a source file set off the scanners of every forge.
TEST(CredentialValues, AreSeenByTheirForm) {
  const std::string letters = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6";
  const std::string jwt = cat("ey", "JhbGciOiJIUzI1NiJ9.ey", "JzdWIiOiIxMjM0In0.", letters);
  const std::string kCases[] = {"ghp_" + letters,
                                "gho_" + letters,
                                "github_pat_" + letters,
                                "glpat-" + letters,
                                "xoxb-" + letters,
                                "xoxp-1-2-" + letters,
                                cat("AK", "IAIOSFODNN7EXAMPLE"),
                                "AIza" + letters,
                                "npm_" + letters,
                                "ops_ey" + letters,
                                "hvs." + letters,
                                jwt,
                                "sk-" + letters,
                                "sk-proj-" + letters,
                                "sk-ant-api03-" + letters,
                                cat("sk_", "live_", letters),
                                "pypi-AgEI" + letters,
                                "SG." + letters + letters,
                                "hf_" + letters,
                                "dckr_pat_" + letters,
                                "Bearer " + jwt,
                                "token=ghp_" + letters,
                                "x ghp_" + letters,
                                cat("-----BEGIN ", "OPENSSH PRIVATE KEY-----\nabc"),
                                cat("{\"private_key\":\"-----BEGIN ", "PRIVATE KEY-----"),
                                "postgres://me:hunter2@db.example/app",
                                "see https://x:y@host/",
                                "https://" + letters + "@github.com/a/b",
                                "Server=db;Database=app;User Id=me;Password=hunter2;",
                                "DefaultEndpointsProtocol=https;AccountKey=abc==",
                                letters,
                                letters + "==",
                                "d41d8cd98f00b204e9800998ecf8427e",
                                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"};
  for (const std::string& value : kCases) EXPECT_FALSE(credential_by_value("SOME_VARIABLE", value).empty()) << value;
}

TEST(CredentialValues, OrdinaryOnesPass) {
  const std::tuple<std::string_view, std::string_view> kCases[] = {
      {"LS_COLORS", "rs=0:di=01;34:ln=01;36:mh=00:pi=40;33:so=01;35:do=01;35:bd=40;33;01:cd=40;33;01:or=40;31;01"},
      {"LESSOPEN", "| /usr/bin/lesspipe %s"},
      {"MANPATH", "/home/me/.nvm/versions/node/v20.11.1/share/man:/usr/share/man"},
      {"HTTP_PROXY", "http://proxy.example:3128"},
      {"REPO", "ssh://git@github.com/a/b.git"},
      {"REPO2", "git@github.com:a/b.git"},
      {"EMAIL", "mailto:me@example.org"},
      {"SITE", "https://example.org/?q=a:b@c"},
      {"INVOCATION_ID", "d41d8cd98f00b204e9800998ecf8427e"},
      {"CI_COMMIT_SHA", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"GITSHA", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"SESSION", "8b3f3b52-25f1-4a9d-9c2b-0d6b5b1f9f11"},
      {"JOURNAL_STREAM", "8:123456"},
      {"PS1", "\\[\\e]0;\\u@\\h: \\w\\a\\]${debian_chroot:+($debian_chroot)}\\u@\\h:\\w\\$ "},
      {"CARGO_PKG", "sk-learn-something-very-long-indeed"},
      {"PACKAGE", "key-value-store-for-everyone-and-all"},
      {"TRIPLE", "x86_64-unknown-linux-gnu-with-extras"},
      {"CLASS", "AbstractSingletonProxyFactoryBeanBuilder"},
      {"VERSION", "rustc-1.70.0-nightly-2023-05-01-x86-64-linux"},
      {"NUMBER", "123456789012345678901234567890123456"},
      {"NIX_PATH", "nixpkgs=/nix/var/nix/profiles/per-user/root/channels/nixos"},
      {"PKG_CONFIG_PATH", "/nix/store/9df65igwjmf2wbw0gbrrgair6piqjgmi-glib-2.70.2/lib/pkgconfig"},
      {"FZF_DEFAULT_OPTS", "--height 40% --layout=reverse --border --color=fg:#d0d0d0,bg:#121212"},
      {"EYJ", "eyJustAWordThatBeginsLikeThis"},
      {"XDG_DATA_DIRS", "/usr/local/share:/usr/share:/var/lib/flatpak/exports/share"},
      {"EMPTY", ""},
  };
  for (const auto& [name, value] : kCases) EXPECT_EQ(credential_by_value(name, value), "") << name;
}

TEST(Credentials, AnEmptyValueIsNone) {
  EXPECT_EQ(looks_like_credential("GITHUB_TOKEN", ""), "");
  EXPECT_NE(looks_like_credential("GITHUB_TOKEN", "x"), "");
}

TEST(Credentials, LongNamesAndValuesAreTaken) {
  EXPECT_NE(looks_like_credential("A_TOKEN_" + std::string(100'000, 'x'), "v"), "");
  EXPECT_EQ(looks_like_credential("A", std::string(1'000'000, 'a')), "");
  EXPECT_NE(looks_like_credential("A", std::string(1'000'000, ' ') + "postgres://a:b@c"), "");
}

}  // namespace
}  // namespace confide::policy

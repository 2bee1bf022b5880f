#include "policy/credential.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "policy/word_set.h"

namespace confide::policy {
namespace {

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alnum(char c) { return is_upper(c) || is_lower(c) || is_digit(c); }

// --- names -----------------------------------------------------------------------------------------------------------

// A word of a name that says credential wherever it stands.
constexpr auto kWords =
    word_set("TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE", "PASSCODE",
             "CREDENTIAL", "CREDENTIALS", "CREDS", "APIKEY", "APIKEYS", "JWT", "BEARER", "COOKIE", "COOKIES", "DSN",
             "CONNSTR", "OTP", "TOTP", "PAT", "WEBHOOK", "SALT", "PEPPER", "PRIVKEY", "PRIVATEKEY", "ACCESSKEY",
             "SECRETKEY", "AUTHKEY", "MASTERKEY", "ACCOUNTKEY", "SIGNINGKEY", "LICENSEKEY", "ENCRYPTIONKEY");
// A last word that says so.
constexpr auto kLastWords = word_set("KEY", "KEYS", "PASS", "PWD", "PW", "AUTH", "PIN");
// Endings of one word: GHTOKEN, MYSECRET, authToken, dbpassword.
constexpr std::string_view kEndings[] = {"TOKEN", "SECRET", "PASSWORD", "PASSWD", "APIKEY", "PASSPHRASE"};
// Two words one after the other, anywhere: API_KEY_PROD, SECRET_KEY_2.
constexpr auto kBeforeKey = word_set("API", "PRIVATE", "SECRET", "ACCESS", "ENCRYPTION", "SIGNING");
// Families of one vendor, whose variables are credentials or lead to them.
constexpr std::string_view kFamilies[] = {
    "AWS_",        "GITHUB_",           "OP_SESSION_",      "BW_SESSION", "AZURE_CLIENT_",  "GOOGLE_APPLICATION_",
    "ARM_CLIENT_", "ACTIONS_ID_TOKEN_", "ACTIONS_RUNTIME_", "KUBE_",      "SECRETSMANAGER_"};
// Single names: credentials, or sockets and files that give whoever reaches them the caller's power.
constexpr auto kNames = word_set(
    "DATABASE_URL", "DATABASE_URI", "DB_URL", "DB_URI", "REDIS_URL", "REDIS_URI", "MONGO_URL", "MONGO_URI",
    "MONGODB_URL", "MONGODB_URI", "POSTGRES_URL", "POSTGRESQL_URL", "MYSQL_URL", "AMQP_URL", "RABBITMQ_URL",
    "CELERY_BROKER_URL", "ELASTICSEARCH_URL", "CLOUDINARY_URL", "SENTRY_DSN", "SLACK_WEBHOOK_URL",
    "DISCORD_WEBHOOK_URL", "PGPASSFILE", "PGSERVICEFILE", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO",
    "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH",
    "CONTAINER_HOST", "PODMAN_HOST", "KUBECONFIG", "XAUTHORITY", "ICEAUTHORITY", "NETRC", "GNOME_KEYRING_CONTROL",
    "KRB5CCNAME", "CREDENTIALS_DIRECTORY", "GOOGLE_CREDENTIALS", "BOTO_CONFIG", "NPM_CONFIG_USERCONFIG", "TMUX", "STY",
    "WAYLAND_SOCKET", "I3SOCK", "SWAYSOCK", "KITTY_LISTEN_ON", "VSCODE_GIT_IPC_HANDLE", "VSCODE_IPC_HOOK_CLI",
    "CLAUDE_CODE_MESSAGING_SOCKET", "DIRENV_DIFF", "__MISE_DIFF");
// Names that would match above and carry nothing.
constexpr auto kHarmless =
    word_set("PWD", "OLDPWD", "INIT_CWD", "COLORTERM", "KEYBOARD_LAYOUT", "SSH_TTY", "SSH_CLIENT", "SSH_CONNECTION",
             "SSH_ASKPASS", "SUDO_ASKPASS", "GIT_ASKPASS", "XDG_SESSION_ID", "DESKTOP_SESSION", "GPG_TTY",
             "STARSHIP_SESSION_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PAGER", "AWS_DEFAULT_OUTPUT",
             "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_EC2_METADATA_DISABLED", "AWS_SDK_LOAD_CONFIG", "GITHUB_ACTIONS",
             "GITHUB_WORKSPACE", "GITHUB_SHA", "GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_REF_TYPE", "GITHUB_HEAD_REF",
             "GITHUB_BASE_REF", "GITHUB_REPOSITORY", "GITHUB_REPOSITORY_OWNER", "GITHUB_RUN_ID", "GITHUB_RUN_NUMBER",
             "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "GITHUB_WORKFLOW", "GITHUB_ACTOR", "GITHUB_EVENT_NAME",
             "GITHUB_SERVER_URL", "GITHUB_API_URL", "GITHUB_GRAPHQL_URL");

// The name in capitals, every other character an underscore; enough of a long one.
class UpperName {
 public:
  explicit UpperName(std::string_view name) : size_(std::min(name.size(), buffer_.size())) {
    for (size_t i = 0; i < size_; ++i) buffer_[i] = is_alnum(name[i]) ? upper(name[i]) : '_';
  }
  std::string_view text() const { return {buffer_.data(), size_}; }

 private:
  std::array<char, 128> buffer_{};
  size_t size_;
};

// MAX_TOKENS, TOKEN_LIMIT, TOKEN_BUDGET: a count of a model's tokens, and the value is one.
bool counts_tokens(std::string_view name, std::string_view value) {
  if (value.empty() || value.size() > 9 || !std::ranges::all_of(value, is_digit)) return false;
  return name.find("TOKEN") != std::string_view::npos &&
         (name.find("MAX") != std::string_view::npos || name.find("LIMIT") != std::string_view::npos ||
          name.find("BUDGET") != std::string_view::npos || name.find("COUNT") != std::string_view::npos);
}

// DB_PASSWORD_FILE=/run/secrets/db: where a credential lies is not the credential.
bool names_a_place(std::string_view name, std::string_view value) {
  if (!value.starts_with('/') && !value.starts_with("./")) return false;
  return name.ends_with("_FILE") || name.ends_with("_PATH") || name.ends_with("_DIR");
}

bool ends_like_a_credential(std::string_view word) {
  return std::ranges::any_of(kEndings,
                             [&](std::string_view e) { return word.back() == e.back() && word.ends_with(e); });
}

std::string_view by_words(std::string_view name, std::string_view value) {
  std::string_view rest = name;
  std::string_view word;
  std::string_view before;
  bool public_key = false;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('_'), rest.size());
    word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (word.empty()) continue;
    if (word == "PUBLIC" || word == "PUB") public_key = true;
    if (kWords.contains(word)) return "named like a credential";
    if (word == "KEY" && !public_key && kBeforeKey.contains(before)) return "named like a key or password";
    if ((word == "STRING" && before == "CONNECTION") || (word == "STR" && before == "CONN"))
      return "named like a connection string";
    before = word;
    if (word.size() > 5 && ends_like_a_credential(word)) return "named like a credential";
  }
  if (!kLastWords.contains(word) || public_key) return {};
  // COMPOSE_PWD=/srv/app is a folder; a name of one word such as KEY or AUTH says too little with a short value.
  if ((word == "PWD" || word == "KEY" || word == "KEYS") && value.starts_with('/')) return {};
  if (word.size() == name.size() && value.size() < 12) return {};
  return "named like a key or password";
}

// --- values ----------------------------------------------------------------------------------------------------------

struct Prefix {
  std::string_view text;
  uint16_t least;  // characters of the whole token
  std::string_view reason;
};
// Prefixes that vendors publish so that scanners can find their tokens; the length keeps words apart from them.
constexpr std::array kPrefixes = {
    Prefix{"AGE-SECRET-KEY-", 40, "an age key by its form"},
    Prefix{"AIza", 35, "a Google API key by its form"},
    Prefix{"AKIA", 20, "an AWS key id by its form"},
    Prefix{"ASIA", 20, "an AWS key id by its form"},
    Prefix{"ATATT3", 40, "an Atlassian token by its form"},
    Prefix{"ATCTT3", 40, "an Atlassian token by its form"},
    Prefix{"FlyV1", 24, "a Fly.io token by its form"},
    Prefix{"GOCSPX-", 20, "a Google secret by its form"},
    Prefix{"PMAK-", 24, "a Postman key by its form"},
    Prefix{"SG.", 40, "a SendGrid key by its form"},
    Prefix{"bkua_", 24, "a Buildkite token by its form"},
    Prefix{"dapi", 36, "a Databricks token by its form"},
    Prefix{"dckr_", 20, "a Docker token by its form"},
    Prefix{"dop_v1_", 24, "a DigitalOcean token by its form"},
    Prefix{"doo_v1_", 24, "a DigitalOcean token by its form"},
    Prefix{"dp.", 24, "a Doppler token by its form"},
    Prefix{"figd_", 20, "a Figma token by its form"},
    Prefix{"fo1_", 24, "a Fly.io token by its form"},
    Prefix{"ghp_", 20, "a GitHub token by its form"},
    Prefix{"gho_", 20, "a GitHub token by its form"},
    Prefix{"ghu_", 20, "a GitHub token by its form"},
    Prefix{"ghs_", 20, "a GitHub token by its form"},
    Prefix{"ghr_", 20, "a GitHub token by its form"},
    Prefix{"github_pat_", 20, "a GitHub token by its form"},
    Prefix{"glpat-", 16, "a GitLab token by its form"},
    Prefix{"glrt-", 16, "a GitLab token by its form"},
    Prefix{"gldt-", 16, "a GitLab token by its form"},
    Prefix{"glptt-", 16, "a GitLab token by its form"},
    Prefix{"glcbt-", 16, "a GitLab token by its form"},
    Prefix{"glsa_", 24, "a Grafana token by its form"},
    Prefix{"glc_", 24, "a Grafana token by its form"},
    Prefix{"gsk_", 24, "a Groq key by its form"},
    Prefix{"hf_", 24, "a Hugging Face token by its form"},
    Prefix{"hvs.", 20, "a Vault token by its form"},
    Prefix{"hvb.", 20, "a Vault token by its form"},
    Prefix{"hvr.", 20, "a Vault token by its form"},
    Prefix{"key-", 32, "a Mailgun key by its form"},
    Prefix{"lin_api_", 20, "a Linear key by its form"},
    Prefix{"npm_", 24, "an npm token by its form"},
    Prefix{"ntn_", 24, "a Notion token by its form"},
    Prefix{"nvapi-", 24, "an NVIDIA key by its form"},
    Prefix{"ops_", 24, "a 1Password service account token by its form"},
    Prefix{"phx_", 24, "a PostHog key by its form"},
    Prefix{"pplx-", 24, "a Perplexity key by its form"},
    Prefix{"pul-", 24, "a Pulumi token by its form"},
    Prefix{"pypi-", 24, "a PyPI token by its form"},
    Prefix{"r8_", 24, "a Replicate token by its form"},
    Prefix{"rk_live_", 16, "a Stripe key by its form"},
    Prefix{"rk_test_", 16, "a Stripe key by its form"},
    Prefix{"rubygems_", 24, "a RubyGems key by its form"},
    Prefix{"secret_", 32, "a Notion token by its form"},
    Prefix{"shpat_", 20, "a Shopify token by its form"},
    Prefix{"shpca_", 20, "a Shopify token by its form"},
    Prefix{"shpss_", 20, "a Shopify token by its form"},
    Prefix{"sk-", 20, "an API key by its form"},
    Prefix{"sk_live_", 16, "a Stripe key by its form"},
    Prefix{"sk_test_", 16, "a Stripe key by its form"},
    Prefix{"sntrys_", 24, "a Sentry token by its form"},
    Prefix{"sntryu_", 24, "a Sentry token by its form"},
    Prefix{"tskey-", 20, "a Tailscale key by its form"},
    Prefix{"whsec_", 20, "a webhook secret by its form"},
    Prefix{"xai-", 24, "an xAI key by its form"},
    Prefix{"xapp-", 20, "a Slack token by its form"},
    Prefix{"xoxa-", 16, "a Slack token by its form"},
    Prefix{"xoxb-", 16, "a Slack token by its form"},
    Prefix{"xoxe", 16, "a Slack token by its form"},
    Prefix{"xoxp-", 16, "a Slack token by its form"},
    Prefix{"xoxr-", 16, "a Slack token by its form"},
    Prefix{"xoxs-", 16, "a Slack token by its form"},
    Prefix{"ya29.", 24, "a Google token by its form"},
};
// Where the prefixes with a first character begin and end in the table, which stands in the order of its texts.
struct Stretch {
  uint8_t begin = 0;
  uint8_t end = 0;
};
static_assert(std::ranges::is_sorted(kPrefixes, {}, [](const Prefix& prefix) { return prefix.text[0]; }));
constexpr auto kStretches = [] {
  std::array<Stretch, 256> out{};
  for (size_t i = 0; i < kPrefixes.size(); ++i) {
    Stretch& stretch = out[static_cast<unsigned char>(kPrefixes[i].text[0])];
    if (stretch.end == 0) stretch.begin = static_cast<uint8_t>(i);
    stretch.end = static_cast<uint8_t>(i + 1);
  }
  return out;
}();

constexpr bool in_token(char c) {
  return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '=' || c == '/';
}

size_t token_length(std::string_view text) {
  size_t i = 0;
  while (i < text.size() && in_token(text[i])) ++i;
  return i;
}

// eyJ….eyJ….…: the two JSON objects of a JSON web token in base64, and a signature.
bool is_json_web_token(std::string_view token) {
  const size_t dot = token.find('.');
  return dot != std::string_view::npos && dot >= 10 && token.size() > dot + 10;
}

std::string_view by_prefix_at(std::string_view text) {
  if (text.starts_with("eyJ"))
    return is_json_web_token(text.substr(0, token_length(text))) ? "a JSON web token by its form" : "";
  const Stretch stretch = kStretches[static_cast<unsigned char>(text[0])];
  for (size_t i = stretch.begin; i < stretch.end; ++i) {
    const Prefix& prefix = kPrefixes[i];
    if (!text.starts_with(prefix.text)) continue;
    const std::string_view token = text.substr(0, token_length(text));
    // A token has a digit in it; "sk-learn-something-or-other" has none.
    if (token.size() >= prefix.least && std::ranges::any_of(token, is_digit)) return prefix.reason;
  }
  return {};
}

// user:password@ in what follows "://".
bool has_password(std::string_view authority) {
  authority = authority.substr(0, authority.find_first_of("/?# \t\n\"'"));
  const size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::string_view user = authority.substr(0, at);
  const size_t colon = user.find(':');
  if (colon != std::string_view::npos) return colon + 1 < user.size();
  return user.size() >= 20;  // https://TOKEN@host
}

bool has_ignoring_case(std::string_view text, std::string_view lower_word) {
  const auto at = std::ranges::search(text, lower_word, [](char a, char b) { return upper(a) == upper(b); });
  return !at.empty();
}

// How a string drawn by lot differs from words, names and versions: it changes between capitals, small letters and
// digits all the time.
bool looks_drawn_by_lot(std::string_view value) {
  if (value.size() < 24) return false;
  size_t changes = 0;
  size_t digits = 0;
  size_t letters = 0;
  bool has_upper = false;
  bool has_lower = false;
  bool base64_mark = false;
  size_t slashes = 0;
  int last = 0;
  for (const char c : value) {
    int kind = 0;
    if (is_upper(c))
      kind = 1;
    else if (is_lower(c))
      kind = 2;
    else if (is_digit(c))
      kind = 3;
    else if (c == '+' || c == '=')
      base64_mark = true;
    else if (c == '/')
      ++slashes;
    else if (c != '_' && c != '-')
      return false;
    if (kind == 0) continue;
    has_upper |= kind == 1;
    has_lower |= kind == 2;
    digits += kind == 3 ? 1 : 0;
    letters += kind != 3 ? 1 : 0;
    if (last != 0 && kind != last) ++changes;
    last = kind;
  }
  if (slashes != 0 && !base64_mark) return false;  // a path
  const size_t count = digits + letters;
  if (count < 20 || digits < 2 || letters < 4) return false;
  if (has_upper && has_lower) return changes * 10 >= count * 3;
  return count >= 32 && changes * 10 >= count * 2;
}

bool is_hexadecimal(std::string_view value) {
  return std::ranges::all_of(
      value, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-'; });
}

// Digests and identifiers are hexadecimal too; their names say so.
bool named_like_an_identifier(std::string_view name) {
  constexpr auto kMarks =
      word_set("SHA", "HASH", "DIGEST", "COMMIT", "REV", "ID", "UUID", "VERSION", "BUILD", "CHECKSUM", "FINGERPRINT");
  while (!name.empty()) {
    const size_t end = std::min(name.find('_'), name.size());
    const std::string_view word = name.substr(0, end);
    if (kMarks.contains(word) || word.ends_with("SHA") || word.ends_with("HASH") || word.ends_with("ID")) return true;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return false;
}

bool is_uuid(std::string_view value) {
  return value.size() == 36 && value[8] == '-' && value[13] == '-' && value[18] == '-' && value[23] == '-' &&
         is_hexadecimal(value);
}

enum CharacterFlag : uint8_t { kInWord = 1, kBeginsPrefix = 2, kBeginsMark = 4 };
constexpr auto kCharacters = [] {
  std::array<uint8_t, 256> out{};
  for (size_t i = 0; i < out.size(); ++i) {
    const char c = static_cast<char>(i);
    if (is_alnum(c) || c == '_' || c == '-' || c == '.') out[i] |= kInWord;
    if (kStretches[i].end != 0 || c == 'e') out[i] |= kBeginsPrefix;
    if (c == ':' || c == '-') out[i] |= kBeginsMark;
  }
  return out;
}();

// One pass: at the front of each word the vendors' prefixes, at each `:` a URL, at each `-` a private key.
std::string_view by_shape(std::string_view value) {
  bool at_word = true;
  for (size_t i = 0; i < value.size(); ++i) {
    const uint8_t flags = kCharacters[static_cast<unsigned char>(value[i])];
    if (at_word && (flags & kBeginsPrefix) != 0) {
      if (const auto reason = by_prefix_at(value.substr(i)); !reason.empty()) return reason;
    }
    at_word = (flags & kInWord) == 0;
    if ((flags & kBeginsMark) == 0) continue;
    const std::string_view rest = value.substr(i);
    if (rest.starts_with("://") && has_password(rest.substr(3))) return "a URL with a password in it";
    if (rest.starts_with("-----BEGIN ") && rest.substr(0, 64).find("PRIVATE KEY") != std::string_view::npos)
      return "a private key by its form";
  }
  return {};
}

}  // namespace

std::string_view credential_by_name(std::string_view name, std::string_view value) {
  const UpperName capital(name);
  const std::string_view upper_name = capital.text();
  if (kHarmless.contains(upper_name) || upper_name.starts_with("LC_")) return {};
  if (kNames.contains(upper_name)) return "a known credential, or a way to one";
  for (const std::string_view family : kFamilies)
    if (upper_name.starts_with(family)) return "of a family of credentials";
  if (names_a_place(upper_name, value) || counts_tokens(upper_name, value)) return {};
  for (const std::string_view ending :
       {std::string_view("_DATABASE_URL"), std::string_view("_DB_URL"), std::string_view("_DATABASE_URI"),
        std::string_view("_REDIS_URL"), std::string_view("_MONGODB_URI")})
    if (upper_name.ends_with(ending)) return "a known credential, or a way to one";
  return by_words(upper_name, value);
}

std::string_view credential_by_value(std::string_view name, std::string_view value) {
  if (value.size() < 8) return {};
  if (const auto reason = by_shape(value); !reason.empty()) return reason;
  if (value.find(';') != std::string_view::npos &&
      (has_ignoring_case(value, "password=") || has_ignoring_case(value, "pwd=") ||
       has_ignoring_case(value, "accountkey=") || has_ignoring_case(value, "sharedaccesskey=")))
    return "a connection string with a password in it";
  if (!looks_drawn_by_lot(value) || is_uuid(value)) return {};
  if (is_hexadecimal(value) && named_like_an_identifier(UpperName(name).text())) return {};
  return "a long string that looks drawn by lot";
}

std::string_view looks_like_credential(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  if (const auto reason = credential_by_name(name, value); !reason.empty()) return reason;
  return credential_by_value(name, value);
}

}  // namespace confide::policy

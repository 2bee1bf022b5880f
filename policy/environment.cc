#include "policy/environment.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "policy/word_set.h"

namespace confide::policy {
namespace {

// Variables that make a loader, shell, interpreter, build tool or version control program load or execute something,
// send its traffic elsewhere, or trust another authority. Grouped by who reads them.
constexpr auto kHooks = word_set(
    // shells
    "BASH_ENV", "ENV", "ZDOTDIR", "PROMPT_COMMAND", "PS4", "SHELLOPTS", "BASHOPTS", "IFS", "CDPATH", "GLOBIGNORE",
    "FPATH", "BASH_XTRACEFD", "BASH_LOADABLES_PATH",
    // libc and tools that it loads for
    "GCONV_PATH", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH", "NLSPATH", "MALLOC_TRACE", "RES_OPTIONS",
    "RESOLV_HOST_CONF", "NIS_PATH", "TZDIR", "GLIBC_TUNABLES", "TERMINFO", "TERMINFO_DIRS", "TERMCAP", "INPUTRC",
    // interpreters
    "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE", "NODE_V8_COVERAGE", "NODE_ICU_DATA",
    "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_EXTRA_CA_CERTS", "BUN_OPTIONS", "DENO_DIR", "ELECTRON_RUN_AS_NODE",
    "PERL5OPT", "PERL5LIB", "PERLLIB", "PERL5DB", "PERL_MB_OPT", "PERL_MM_OPT", "RUBYOPT", "RUBYLIB", "RUBYSHELL",
    "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE", "BUNDLE_PATH", "PHPRC", "PHP_INI_SCAN_DIR", "LUA_INIT", "LUA_PATH",
    "LUA_CPATH", "R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER", "R_LIBS", "R_LIBS_USER",
    "JULIA_LOAD_PATH", "JULIA_DEPOT_PATH", "TCLLIBPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS",
    "JAVA_OPTS", "CLASSPATH", "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS", "SBT_OPTS", "KOTLIN_OPTS", "GROOVY_OPTS",
    "ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ERL_LIBS", "ELIXIR_ERL_OPTIONS", "MIX_ARCHIVES", "GUILE_LOAD_PATH",
    "EMACSLOADPATH", "VIMINIT", "EXINIT", "GVIMINIT", "CORECLR_PROFILER", "CORECLR_ENABLE_PROFILING", "COR_PROFILER",
    "MONO_PATH",
    // compilers and build tools
    "RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTFLAGS", "RUSTDOCFLAGS", "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "GOFLAGS", "GOENV", "GOPROXY", "GONOSUMDB", "GONOSUMCHECK",
    "GOINSECURE", "GOTOOLCHAIN", "MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS", "CMAKE_TOOLCHAIN_FILE",
    "CMAKE_C_COMPILER_LAUNCHER", "CMAKE_CXX_COMPILER_LAUNCHER", "CC", "CXX", "LD", "CFLAGS", "CXXFLAGS", "LDFLAGS",
    "CPATH", "LIBRARY_PATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX",
    "PKG_CONFIG_PATH", "PKG_CONFIG",
    // what programs start on their own
    "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "SSH_ASKPASS", "SUDO_ASKPASS",
    "SYSTEMD_EDITOR", "SYSTEMD_PAGER", "SVN_SSH", "SVN_EDITOR", "CVS_RSH", "RSYNC_RSH", "RSYNC_CONNECT_PROG",
    "HGRCPATH", "HGEDITOR", "PSQLRC", "PSQL_EDITOR", "PSQL_PAGER", "MYSQL_HOME", "OPENSSL_CONF", "OPENSSL_MODULES",
    "OPENSSL_ENGINES", "TAR_OPTIONS", "GREP_OPTIONS", "CURL_HOME", "WGETRC", "ANSIBLE_CONFIG", "TF_CLI_CONFIG_FILE",
    "TF_CLI_ARGS", "KUBE_EDITOR", "DOCKER_CONTEXT", "COMPOSE_FILE", "COMPOSE_ENV_FILES", "XDG_CONFIG_DIRS",
    "XDG_DATA_DIRS", "QT_PLUGIN_PATH", "GTK_MODULES", "GTK_PATH", "GIO_EXTRA_MODULES",
    // proxies and certificates
    "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE", "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO", "CARGO_HTTP_PROXY", "GIT_PROXY_COMMAND", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL",
    "PIP_CONFIG_FILE", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX");
// Whole families.
constexpr std::string_view kHookFamilies[] = {
    "LD_",           "DYLD_",        "BASH_FUNC_",    "PYTHON",        "GIT_",
    "DOTNET_",       "NPM_CONFIG_",  "YARN_",         "COREPACK_",     "CARGO_BUILD_",
    "CARGO_TARGET_", "CARGO_ALIAS_", "CARGO_REGISTR", "CARGO_SOURCE_", "GIO_",
};
// Of those families, what only describes.
constexpr auto kPlain =
    word_set("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL",
             "GIT_COMMITTER_DATE", "GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS", "PYTHONUNBUFFERED", "PYTHONIOENCODING",
             "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "DOTNET_CLI_TELEMETRY_OPTOUT", "DOTNET_NOLOGO");

// With start = "minimal" these come from the caller: how to talk to a person, and nothing that chooses code.
constexpr auto kMinimal = word_set("TERM", "COLORTERM", "LANG", "LANGUAGE", "TZ", "USER", "LOGNAME");
constexpr std::string_view kMinimalPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool equals_ignoring_case(std::string_view a, std::string_view capital) {
  return a.size() == capital.size() && std::ranges::equal(a, capital, {}, upper);
}

class Decider {
 public:
  Decider(const Environment& policy, CarriesSecrets secrets, std::span<const InsideVariable> inside)
      : policy_(policy), secrets_(secrets), inside_(inside) {}

  EnvDecision decide(std::span<const char* const> caller) {
    out_.passed.reserve(caller.size() + inside_.size() + policy_.set.size() + 1);
    for (const char* entry : caller) take(entry);
    for (const InsideVariable& variable : inside_)
      if (variable.value && !is_set(variable.name) && !has_passed(variable.name)) add(variable.name, *variable.value);
    for (const auto& [name, value] : policy_.set) add(name, value);
    const bool has_path = has_passed("PATH") || is_set("PATH") || inside_sets("PATH");
    if (policy_.start == Environment::Start::kMinimal && !has_path) add("PATH", kMinimalPath);
    return std::move(out_);
  }

 private:
  void add(std::string_view name, std::string_view value) { out_.passed.push_back(cat(name, "=", value)); }
  void remove(std::string_view name, std::string_view reason) { out_.removed.push_back({std::string(name), reason}); }

  bool passes(std::string_view name) const { return std::ranges::find(policy_.pass, name) != policy_.pass.end(); }
  bool is_set(std::string_view name) const {
    return std::ranges::any_of(policy_.set, [&](const auto& pair) { return pair.first == name; });
  }
  const InsideVariable* inside(std::string_view name) const {
    const auto found = std::ranges::find(inside_, name, &InsideVariable::name);
    return found == inside_.end() ? nullptr : &*found;
  }
  bool inside_sets(std::string_view name) const {
    const InsideVariable* variable = inside(name);
    return variable != nullptr && variable->value;
  }
  bool has_passed(std::string_view name) const {
    const auto at = passed_.find(name);
    return at != passed_.end() && at->second;
  }

  void take(std::string_view entry) {
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos || equals == 0) return remove({}, "malformed: no name before `=`");
    const std::string_view name = entry.substr(0, equals);
    const auto [at, is_new] = passed_.try_emplace(name, false);
    if (!is_new) return remove(name, "given twice; the first counts");
    const std::string_view reason = why_removed(name, entry.substr(equals + 1));
    at->second = reason.empty();
    if (reason.empty())
      out_.passed.emplace_back(entry);
    else if (reason != kReplaced)
      remove(name, reason);
  }

  std::string_view why_removed(std::string_view name, std::string_view value) const {
    if (is_set(name)) return kReplaced;
    if (passes(name)) return {};
    if (const InsideVariable* variable = inside(name); variable != nullptr)
      return variable->value ? kReplaced : "points at what is not there inside";
    if (policy_.start == Environment::Start::kMinimal && !kMinimal.contains(name) && !name.starts_with("LC_"))
      return "not among the handful of environment.start = \"minimal\"";
    if (secrets_ == CarriesSecrets::kYes) {
      if (const auto reason = loader_hook(name); !reason.empty()) return reason;
    }
    return looks_like_credential(name, value);
  }

  static constexpr std::string_view kReplaced = "replaced";
  const Environment& policy_;
  CarriesSecrets secrets_;
  std::span<const InsideVariable> inside_;
  std::map<std::string_view, bool> passed_;  // every name of the caller's: whether it passed
  EnvDecision out_;
};

}  // namespace

std::string_view loader_hook(std::string_view name) {
  if (kPlain.contains(name)) return {};
  if (kHooks.contains(name)) return "changes what programs load, execute or trust";
  for (const std::string_view family : kHookFamilies) {
    if (name.size() >= family.size() && upper(name[0]) == family[0] &&
        equals_ignoring_case(name.substr(0, family.size()), family))
      return "changes what programs load, execute or trust";
  }
  // http_proxy, HTTPS_PROXY, all_proxy, npm_config_proxy; curl reads small letters, others capitals.
  if (name.size() >= 6 && equals_ignoring_case(name.substr(name.size() - 6), "_PROXY"))
    return "sends traffic through a proxy";
  return {};
}

EnvDecision decide_environment(std::span<const char* const> caller, const Environment& policy, CarriesSecrets secrets,
                               std::span<const InsideVariable> inside) {
  return Decider(policy, secrets, inside).decide(caller);
}

}  // namespace confide::policy

#include "secrets/delivery.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace confide::secrets {

using policy::Deliver;
using policy::Scheme;

bool ends_with_a_line(Scheme scheme) {
  return scheme == Scheme::kFile || scheme == Scheme::kFd || scheme == Scheme::kStdin || scheme == Scheme::kConfide;
}

std::span<const std::byte> without_last_line_break(std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.back() != std::byte{'\n'}) return bytes;
  bytes = bytes.first(bytes.size() - 1);
  if (!bytes.empty() && bytes.back() == std::byte{'\r'}) bytes = bytes.first(bytes.size() - 1);
  return bytes;
}

Result<SecretBuffer> for_delivery(Scheme from, Deliver how, SecretBuffer value, SecretArena& arena) {
  if (how != Deliver::kEnv || !ends_with_a_line(from)) return value;
  const size_t kept =
      value.reveal([](std::span<const std::byte> bytes) { return without_last_line_break(bytes).size(); });
  if (kept == value.size()) return value;
  return value.reveal([&](std::span<const std::byte> bytes) { return arena.copy_from(bytes.first(kept)); });
}

namespace {

constexpr std::string_view kSecretsFolder = "/run/secrets/";

class Checker {
 public:
  std::vector<Error> run(std::span<const PreparedSecret> secrets) {
    if (secrets.size() > kMaxSecrets) report(cat("more than ", kMaxSecrets, " secrets for one run"));
    size_t total = 0;
    for (const PreparedSecret& secret : secrets) {
      total += secret.value.size();
      if (const auto valid = policy::check_variable_name(secret.name); !valid) {
        report(secret, valid.error().what);
      }
      if (!names_.insert(secret.name).second) {
        report(secret, "is given twice");
        continue;  // what else is wrong is said of the first
      }
      switch (secret.how) {
        case Deliver::kEnv: check_env(secret); break;
        case Deliver::kFile: check_file(secret); break;
        case Deliver::kFd:
          claim(variables_, secret, cat(secret.name, "_FD"), "its variable NAME_FD is given twice");
          break;
        case Deliver::kStdin:
          if (stdin_++ > 0) report(secret, "there is only one standard input");
          break;
      }
    }
    if (env_bytes_ > kMaxEnvBytes) {
      report(cat("the values for the environment have ", env_bytes_, " bytes, more than ", kMaxEnvBytes,
                 "; deliver large ones as files"));
    }
    if (total > kMaxTotalBytes) report(cat("the values of one run have more than ", kMaxTotalBytes, " bytes"));
    return std::move(errors_);
  }

 private:
  void report(std::string what) { errors_.push_back(Error{ErrorKind::kRefused, 0, std::move(what)}); }
  void report(const PreparedSecret& secret, std::string_view cause) {
    report(cat(printable(secret.name), ": ", cause));
  }
  void claim(std::set<std::string>& taken, const PreparedSecret& secret, std::string what, std::string_view cause) {
    if (!taken.insert(std::move(what)).second) report(secret, cause);
  }

  void check_env(const PreparedSecret& secret) {
    claim(variables_, secret, secret.name, "this variable carries another secret's descriptor");
    const size_t string_bytes = secret.name.size() + 1 + secret.value.size() + 1;
    env_bytes_ += string_bytes;
    if (string_bytes > kMaxEnvStringBytes) {
      report(secret, cat("has ", secret.value.size(), " bytes; NAME=value in the environment has at most ",
                         kMaxEnvStringBytes - 1, ": use deliver=file"));
    }
    const bool has_nul = secret.value.reveal(
        [](std::span<const std::byte> bytes) { return std::ranges::find(bytes, std::byte{0}) != bytes.end(); });
    if (has_nul) report(secret, "has a NUL byte, which the environment cannot carry: use deliver=file");
  }

  void check_file(const PreparedSecret& secret) {
    const std::string target = secret.file_target.empty() ? cat(kSecretsFolder, secret.name) : secret.file_target;
    const bool control =
        std::ranges::any_of(target, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    const auto parts = split(target, '/');
    if (control) report(secret, "the file's path has a control character");
    if (parts.back().empty() || parts.back() == ".") report(secret, "the file's path names a folder");
    if (std::ranges::find(parts, "..") != parts.end()) report(secret, "the file's path has '..' in it");
    claim(variables_, secret, cat(secret.name, "_FILE"), "its variable NAME_FILE is given twice");
    if (target.starts_with(kSecretsFolder) && target != cat(kSecretsFolder, secret.name))
      report(secret, cat("in ", kSecretsFolder, " a file has its secret's name; leave the path out"));
    const auto nested = [&](const std::string& other) {
      return target.starts_with(other + "/") || other.starts_with(target + "/");
    };
    if (std::ranges::any_of(files_, nested)) report(secret, "another secret's file would be its folder");
    claim(files_, secret, target, "another secret has the same file");
  }

  std::vector<Error> errors_;
  std::set<std::string> names_;
  std::set<std::string> variables_;
  std::set<std::string> files_;
  size_t env_bytes_ = 0;
  int stdin_ = 0;
};

}  // namespace

std::vector<Error> check_delivery(std::span<const PreparedSecret> secrets) { return Checker().run(secrets); }

}  // namespace confide::secrets

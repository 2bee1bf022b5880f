#include "broker/import_env.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/sys.h"
#include "base/text.h"
#include "policy/credential.h"
#include "secrets/env_file.h"
#include "secrets/secret_builder.h"

namespace confide::broker {
namespace {

using secrets::as_text;
using secrets::EnvFile;
using secrets::EnvFileEntry;
using What = ImportedRow::What;

Error refuse(std::string what) { return Error{ErrorKind::kRefused, 0, std::move(what)}; }

Error failed(std::string_view operation, std::string_view file) {
  return Error{ErrorKind::kRefused, errno, cat(operation, " ", printable(file))};
}

std::string reference_to(std::string_view environment, std::string_view name) {
  return cat("confide://", environment, "/", name);
}

// What becomes of one entry.
struct Judged {
  What what = What::kMoved;
  std::string reference;  // kReference: as it is written
  bool has_variable = false;
};

Judged judge(const EnvFile& file, const EnvFileEntry& entry) {
  Judged judged;
  const std::string raw = file.text.reveal([&](std::span<const std::byte> all) {
    const std::string_view text = as_text(all).substr(entry.value_begin, entry.value_end - entry.value_begin);
    judged.has_variable = entry.quote != secrets::Quote::kSingle && text.find('$') != std::string_view::npos;
    const std::string_view inner = entry.quote == secrets::Quote::kNone ? text : text.substr(1, text.size() - 2);
    // A reference is safe to copy; anything else stays where it is.
    return std::string(policy::looks_like_reference(inner) ? inner : std::string_view());
  });
  entry.value.reveal([&](std::span<const std::byte> bytes) {
    const std::string_view value = as_text(bytes);
    if (policy::looks_like_reference(value)) {
      judged.what = What::kReference;
      judged.reference = raw.empty() ? std::string(value) : raw;
    } else if (value.empty() || value.find("{{") != std::string_view::npos) {
      judged.what = What::kLeft;
    }
  });
  return judged;
}

// Comments are kept as they are, and people comment old keys out.
void note_comments(const EnvFile& file, std::string_view name, std::vector<std::string>& notes) {
  file.text.reveal([&](std::span<const std::byte> all) {
    unsigned line = 0;
    for (std::string_view text : split(as_text(all), '\n')) {
      ++line;
      text = trim(text);
      if (!text.starts_with("#")) continue;
      const size_t equals = text.find('=');
      if (equals == std::string_view::npos) continue;
      std::string_view variable = trim(text.substr(1, equals - 1));
      if (variable.starts_with("export ")) variable = trim(variable.substr(7));
      const std::string_view value = trim(text.substr(equals + 1));
      if (policy::looks_like_reference(value) || policy::looks_like_credential(variable, value).empty()) continue;
      notes.push_back(cat(printable(name), ":", line, ": a comment looks like a credential and was left as it is"));
    }
  });
}

// The file's text with each moved value replaced by its reference; quotes, comments and line ends are kept.
Result<secrets::SecretBuffer> rewritten(const EnvFile& file, const std::vector<Judged>& judged,
                                        std::string_view environment, secrets::SecretArena& arena) {
  secrets::SecretBuilder out(arena, 4 * secrets::kMaxSecretBytes);
  TRY(file.text.reveal([&](std::span<const std::byte> all) -> Status {
    const std::string_view text = as_text(all);
    size_t at = 0;
    for (size_t i = 0; i < file.entries.size(); ++i) {
      if (judged[i].what != What::kMoved) continue;
      const EnvFileEntry& entry = file.entries[i];
      TRY(out.append(text.substr(at, entry.value_begin - at)));
      const std::string_view quote = entry.quote == secrets::Quote::kSingle   ? "'"
                                     : entry.quote == secrets::Quote::kDouble ? "\""
                                                                              : "";
      TRY(out.append(cat(quote, reference_to(environment, entry.name), quote)));
      at = entry.value_end;
    }
    return out.append(text.substr(at));
  }));
  return out.finish();
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// By a temporary file beside it with the same owner and mode. No moved value is in it.
Status replace_file(int folder, const std::string& name, const struct stat& read_from,
                    const secrets::SecretBuffer& text) {
  const std::string temporary = cat(".", name, ".confide-", ::getpid());
  const UniqueFd fd(::openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return failed("create", temporary);
  const auto written = [&]() -> Status {
    if (read_from.st_uid != ::geteuid() && ::fchown(fd.get(), read_from.st_uid, read_from.st_gid) != 0)
      return failed("chown", temporary);
    if (::fchmod(fd.get(), read_from.st_mode & 07777) != 0) return failed("chmod", temporary);
    TRY(text.reveal([&](std::span<const std::byte> bytes) { return sys::write_all(fd.get(), bytes); }));
    if (::fsync(fd.get()) != 0) return failed("fsync", temporary);
    struct stat now {};
    if (::fstatat(folder, name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0) return failed("look at", name);
    if (!same_file(read_from, now)) return refuse(cat(printable(name), " was changed meanwhile; import it again"));
    if (::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0) return failed("replace", name);
    if (::fsync(folder) != 0) return failed("fsync the folder of", name);
    return {};
  }();
  if (!written) (void)::unlinkat(folder, temporary.c_str(), 0);
  return written;
}

void set_variable(Environment& environment, const std::string& name, std::string reference) {
  const auto found = std::ranges::find(environment.variables, name, &policy::Variable::name);
  if (found != environment.variables.end()) {
    found->kind = policy::Variable::Kind::kReference;
    found->text = std::move(reference);
    return;
  }
  environment.variables.push_back({.name = name, .text = std::move(reference)});
}

Result<Environment> environment_to_fill(const Environments& environments, const std::string& name) {
  if (TRY(environments.has(name))) return environments.find(name);
  return Environment{.name = name, .file = {}, .variables = {}};
}

}  // namespace

Result<Imported> import_environment(const ImportEnvironment& order, UniqueFd file, const ImportInto& into,
                                    std::vector<std::string>& notes) {
  TRY(check_environment_name(order.name));
  const bool rewrite = order.rewrite == ImportEnvironment::Rewrite::kYes;
  if (rewrite && (order.file.empty() || order.file.find('/') != std::string::npos || !is_folder(into.beside)))
    return refuse("the file's folder was not handed over");
  struct stat read_from {};
  if (::fstat(file.get(), &read_from) != 0) return failed("look at", order.file);
  if (rewrite && !S_ISREG(read_from.st_mode)) return refuse(cat(printable(order.file), " is not a regular file"));
  auto text = secrets::read_fd(file.get(), secrets::kMaxSecretBytes, order.file);
  if (!text) return refuse(to_text(text.error()));
  const EnvFile parsed =
      TRY(secrets::parse_env_file(std::move(*text), order.file, into.environ.variables(), into.arena));

  Environment environment = TRY(environment_to_fill(into.environments, order.name));
  Imported imported;
  std::vector<Judged> judged;
  std::vector<vault::NewVersion> moved;
  for (const EnvFileEntry& entry : parsed.entries) {
    judged.push_back(judge(parsed, entry));
    const Judged& one = judged.back();
    const std::string reference = one.what == What::kMoved ? reference_to(order.name, entry.name) : one.reference;
    imported.variables.push_back({entry.name, reference, one.what});
    if (one.what == What::kLeft) continue;
    set_variable(environment, entry.name, reference);
    if (one.what != What::kMoved) continue;
    // Of a name that comes more than once every value is kept; the last, which counts, is the newest version.
    moved.push_back({.name = cat(order.name, "/", entry.name), .value = &entry.value, .expires = {}, .generated = {}});
    if (one.has_variable)
      notes.push_back(cat(printable(order.file), ":", entry.line, ": ", entry.name,
                          " had a variable in it; its value of now was taken"));
  }
  TRY(check_environment(environment));
  if (!moved.empty()) {
    vault::Vault* vault = TRY(into.vault.open_or_make());
    TRY(vault->put(moved));
  }
  // Read again: a person may have been asked for the vault's passphrase meanwhile, and somebody changed it.
  const Environments::Lock held = TRY(into.environments.lock());
  environment = TRY(environment_to_fill(into.environments, order.name));
  for (const ImportedRow& one : imported.variables)
    if (one.what != What::kLeft) set_variable(environment, one.name, one.reference);
  TRY(into.environments.save(held, environment));
  if (rewrite && !moved.empty()) {
    const auto new_text = TRY(rewritten(parsed, judged, order.name, into.arena));
    TRY(replace_file(into.beside, order.file, read_from, new_text));
    imported.rewritten = true;
    note_comments(parsed, order.file, notes);
  } else if (!moved.empty()) {
    notes.push_back(cat(printable(order.file), " still holds the values; with --rewrite references take their place"));
  }
  return imported;
}

}  // namespace confide::broker

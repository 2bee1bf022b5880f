#include "broker/gather.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/overloaded.h"
#include "base/text.h"
#include "broker/environments.h"
#include "broker/resolve_all.h"
#include "policy/environment.h"
#include "secrets/delivery.h"
#include "secrets/env_file.h"
#include "secrets/template.h"

namespace confide::broker {
namespace {

using policy::Deliver;
using policy::Reference;
using secrets::as_text;
using secrets::SecretBuffer;
using secrets::Template;

constexpr std::string_view kSecretsFolder = "/run/secrets/";

// Without repeated slashes and "."; what is left to refuse is refused by check_delivery.
std::string absolute(std::string_view path, std::string_view folder) {
  if (path.ends_with('/') || path.ends_with("/.")) return std::string(path);
  std::string out;
  const std::string whole = path.starts_with('/') ? std::string(path) : cat(folder, "/", path);
  for (const std::string_view part : split(whole, '/'))
    if (!part.empty() && part != ".") out += cat("/", part);
  return out;
}

// What a name stands for before anything is resolved.
struct Wanted {
  std::string name;
  Deliver deliver = Deliver::kEnv;
  std::string path;
  std::variant<SecretBuffer, Reference, Template> source;
  std::string origin;
  supervisor::Shown shown = supervisor::Shown::kConcealed;
};

class Gatherer {
 public:
  Gatherer(const Request& request, std::vector<UniqueFd>& fds, VaultAccess& vault, secrets::SecretArena& arena,
           const Spawner& spawner)
      : request_(request), fds_(fds), vault_(vault), arena_(arena), spawner_(spawner) {}

  // From the weakest word to the strongest; of one name the last counts.
  Result<Gathered> gather() {
    TRY(read_environ());
    read_shell();
    TRY(read_env_files());
    TRY(read_environments());
    read_flags();
    TRY(read_templates());
    if (request_.verb == Verb::kDescribe) {
      TRY(report_failures());
      for (const Wanted& wanted : wanted_) keep(wanted, {});
      return std::move(out_);
    }
    fill_in_all();
    TRY(report_failures());
    for (const Error& problem : secrets::check_delivery(out_.secrets)) failures_.push_back(problem.what);
    TRY(report_failures());
    for (std::string& note : vault_.take_notes()) out_.warnings.push_back(std::move(note));
    return std::move(out_);
  }

  // What was lent for a run that will not be.
  void give_back() { end_residents(std::move(out_.residents)); }

 private:
  Result<UniqueFd> take(uint32_t index) {
    if (index >= fds_.size() || !fds_[index].valid())
      return Error{ErrorKind::kRefused, 0, "the request names a descriptor that it did not bring"};
    return std::move(fds_[index]);
  }

  Status read_environ() {
    const UniqueFd fd = TRY(take(static_cast<uint32_t>(Slot::kEnviron)));
    environ_ = TRY(secrets::Environ::read(fd.get()));
    return {};
  }

  void read_shell() {
    if (request_.shell == ShellReferences::kIgnore) return;
    for (const secrets::Environ::Candidate& found : environ_.references())
      add_reference({.name = found.name, .source = {}, .origin = "the shell"}, found.text);
  }

  Status read_env_files() {
    std::vector<secrets::EnvFile> files;
    for (const PassedFile& passed : request_.env_files) {
      SecretBuffer text = TRY(read_file(passed, "--env-file"));
      files.push_back(TRY(secrets::parse_env_file(std::move(text), passed.path, environ_.variables(), arena_)));
    }
    std::vector<secrets::EnvFileEntry> entries = secrets::merge_env_files(std::move(files));
    // Before any work on them that grows with more than their number: a confined agent may have written the file.
    if (entries.size() > secrets::kMaxSecrets) {
      return Error{ErrorKind::kRefused, 0,
                   cat(printable(entries.back().file), ": ", entries.size(), " variables; at most ",
                       secrets::kMaxSecrets, " for one run")};
    }
    for (secrets::EnvFileEntry& entry : entries) add_entry(std::move(entry));
    return {};
  }

  Result<SecretBuffer> read_file(const PassedFile& passed, std::string_view flag) {
    const UniqueFd fd = TRY(take(passed.index));
    auto text = secrets::read_fd(fd.get(), secrets::kMaxSecretBytes, passed.path);
    if (text) return text;
    if (text.error().kind != ErrorKind::kUnsupported) text.error().kind = ErrorKind::kRefused;
    return with_context(flag, text.error());
  }

  void add_entry(secrets::EnvFileEntry entry) {
    Wanted wanted{.name = std::move(entry.name), .source = {}, .origin = cat(printable(entry.file), ":", entry.line)};
    const auto misspelt =
        entry.value.reveal([](std::span<const std::byte> bytes) { return policy::misspelt_scheme(as_text(bytes)); });
    if (misspelt) {
      fail(wanted, cat("is no reference; did you mean ", policy::prefix_of(*misspelt), "?"));
      return;
    }
    // A plain value is what a file says openly; masking `staging` would destroy output.
    const bool credential = entry.value.reveal([&](std::span<const std::byte> bytes) {
      return !policy::looks_like_credential(wanted.name, as_text(bytes)).empty();
    });
    auto parsed = Template::parse_value(std::move(entry.value), cat(wanted.name, " (", wanted.origin, ")"));
    if (!parsed) {
      failures_.push_back(parsed.error().what);
      return;
    }
    if (const Reference* only = parsed->only_reference()) {
      wanted.source = *only;
    } else {
      const bool plain = parsed->references().empty();
      if (plain && !credential) wanted.shown = supervisor::Shown::kPlain;
      if (plain && credential)
        out_.warnings.push_back(cat(wanted.origin, ": ", printable(wanted.name),
                                    " looks like a credential in plain text; put a reference there instead"));
      wanted.source = std::move(*parsed);
    }
    add(std::move(wanted));
  }

  // The policy in force first, then the person's own.
  Status read_environments() {
    if (request_.environments.empty()) return {};
    const Environments own(kConfigFd);
    for (const std::string& name : request_.environments) {
      const auto found = std::ranges::find(request_.known, name, &policy::NamedEnvironment::name);
      if (found != request_.known.end()) {
        add_variables(name, found->variables);
        continue;
      }
      const auto environment = own.find(name);
      if (!environment) return with_context("--environment", environment.error());
      add_variables(name, environment->variables);
    }
    return {};
  }

  void add_variables(std::string_view environment, const std::vector<policy::Variable>& variables) {
    for (const policy::Variable& variable : variables) {
      Wanted wanted{.name = variable.name,
                    .deliver = variable.deliver,
                    .path = inside(variable.path, request_.project.empty() ? request_.cwd : request_.project),
                    .source = {},
                    .origin = cat("environment ", environment)};
      if (variable.kind == policy::Variable::Kind::kReference) {
        add_reference(std::move(wanted), variable.text);
        continue;
      }
      auto value = arena_.copy_from(std::as_bytes(std::span(variable.text)));
      if (!value) {
        fail(wanted, to_text(value.error()));
        continue;
      }
      if (policy::looks_like_credential(variable.name, variable.text).empty()) wanted.shown = supervisor::Shown::kPlain;
      wanted.source = std::move(*value);
      add(std::move(wanted));
    }
  }

  // A person's own run takes ${VAR} inside a reference from the shell.
  void add_reference(Wanted wanted, std::string_view text) {
    const auto lookup = [this](std::string_view name) {
      std::optional<std::string> value;
      environ_.find_any_case(name, [&](std::span<const std::byte> bytes) { value = std::string(as_text(bytes)); });
      return value;
    };
    const auto expanded = policy::expand_variables(text, lookup);
    const auto reference = expanded ? policy::parse_reference(*expanded) : Result<Reference>(expanded.error());
    if (!reference) {
      fail(wanted, reference.error().what);
      return;
    }
    wanted.source = *reference;
    add(std::move(wanted));
  }

  void read_flags() {
    for (const std::string& text : request_.secrets) {
      auto flag = policy::parse_secret_flag(text);
      if (!flag) {
        // What stands before "=" is meant as a name; without one it could be a value.
        const size_t equals = text.find('=');
        failures_.push_back(equals == std::string::npos
                                ? flag.error().what
                                : cat(printable(text.substr(0, equals)), ": ", flag.error().what));
        continue;
      }
      Wanted wanted{.name = flag->name,
                    .deliver = flag->deliver,
                    .path = inside(flag->path, request_.cwd),
                    .source = std::move(flag->reference),
                    .origin = "--secret"};
      // Twice the same flag is a slip; anything weaker is overridden.
      if (std::ranges::any_of(
              wanted_, [&](const Wanted& other) { return other.name == wanted.name && other.origin == wanted.origin; }))
        fail(wanted, "is given twice");
      else
        add(std::move(wanted));
    }
  }

  static std::string inside(const std::string& path, const std::string& folder) {
    return path.empty() ? path : absolute(path, folder);
  }

  // A secret's name for a file that has only a path: its last part, as far as a name can have it.
  std::string name_of_file(std::string_view path) const {
    std::string name(path.substr(path.rfind('/') + 1));
    name.erase(0, name.find_first_not_of(".-"));
    for (char& c : name)
      if (!policy::check_variable_name(cat("x", std::string_view(&c, 1)))) c = '_';
    if (!policy::check_variable_name(name)) name.insert(0, "file_");
    const auto taken = [&](const std::string& word) {
      return std::ranges::find(wanted_, word, &Wanted::name) != wanted_.end();
    };
    if (!taken(name)) return name;
    for (int n = 2;; ++n)
      if (std::string numbered = cat(name, "_", n); !taken(numbered)) return numbered;
  }

  Status read_templates() {
    for (const PassedTemplate& passed : request_.templates) {
      const std::string path = absolute(passed.target, request_.cwd);
      const bool named = path.starts_with(kSecretsFolder) && path.find('/', kSecretsFolder.size()) == std::string::npos;
      Wanted wanted{.name = named ? path.substr(kSecretsFolder.size()) : name_of_file(path),
                    .deliver = Deliver::kFile,
                    .path = path,
                    .source = {},
                    .origin = cat("--template ", printable(passed.file.path))};
      SecretBuffer text = TRY(read_file(passed.file, "--template"));
      wanted.source = TRY(Template::parse(std::move(text), passed.file.path, environ_.variables()));
      add(std::move(wanted));
    }
    return {};
  }

  // Of one name the last word counts.
  void add(Wanted wanted) {
    if (wanted.path == cat(kSecretsFolder, wanted.name)) wanted.path.clear();
    std::erase_if(wanted_, [&](const Wanted& other) { return other.name == wanted.name; });
    wanted_.push_back(std::move(wanted));
  }

  static std::vector<const Reference*> references_of(const Wanted& wanted) {
    return std::visit(Overloaded{[](const SecretBuffer&) { return std::vector<const Reference*>(); },
                                 [](const Reference& reference) { return std::vector{&reference}; },
                                 [](const Template& text) { return text.references(); }},
                      wanted.source);
  }

  void fill_in_all() {
    for (const Wanted& wanted : wanted_) {
      for (const Reference* reference : references_of(wanted)) {
        if (std::ranges::find(references_, *reference) != references_.end()) continue;
        references_.push_back(*reference);
        if (reference->scheme == policy::Scheme::kEnv) names_level_0_ = true;
      }
    }
    ResolvedAll all = resolve_all(references_, {request_.descriptors, fds_, arena_, vault_, environ_, spawner_});
    values_ = std::move(all.values);
    out_.residents = std::move(all.residents);
    for (Wanted& wanted : wanted_) fill_in(wanted);
    if (names_level_0_)
      out_.warnings.emplace_back("env: takes a value that every process of yours can already read (assurance level 0)");
  }

  const Result<SecretBuffer>& value_of(const Reference& reference) const {
    return values_[static_cast<size_t>(std::ranges::find(references_, reference) - references_.begin())];
  }

  void fill_in(Wanted& wanted) {
    bool failed = false;
    for (const Reference* reference : references_of(wanted)) {
      if (value_of(*reference)) continue;
      const Error& error = value_of(*reference).error();
      fail(wanted, to_text(error));
      const bool said = std::ranges::find(quoted_, error.quoted) != quoted_.end();  // another name has it, too
      if (!error.quoted.empty() && !said) quoted_.push_back(error.quoted);
      failed = true;
    }
    if (failed) return;
    auto value = std::visit(Overloaded{[](SecretBuffer& plain) { return Result<SecretBuffer>(std::move(plain)); },
                                       [&](Reference& reference) { return delivered(wanted, reference); },
                                       [&](Template& text) { return rendered(text); }},
                            wanted.source);
    if (!value)
      fail(wanted, to_text(value.error()));
    else
      keep(wanted, std::move(*value));
  }

  Result<SecretBuffer> copy_of(const SecretBuffer& value) {
    return value.reveal([&](std::span<const std::byte> bytes) { return arena_.copy_from(bytes); });
  }

  Result<SecretBuffer> delivered(const Wanted& wanted, const Reference& reference) {
    return secrets::for_delivery(reference.scheme, wanted.deliver, TRY(copy_of(*value_of(reference))), arena_);
  }

  // Its values are concealed by themselves too: a program prints the password of a URL, not the URL.
  Result<SecretBuffer> rendered(const Template& text) {
    for (const Reference* reference : text.references()) {
      if (std::ranges::find(out_.parts, reference->text, &MaskedPart::name) != out_.parts.end()) continue;
      auto part =
          TRY(secrets::for_delivery(reference->scheme, Deliver::kEnv, TRY(copy_of(*value_of(*reference))), arena_));
      out_.parts.push_back({reference->text, std::move(part)});
    }
    const auto lookup = [this](const Reference& reference) { return &*value_of(reference); };
    return text.render(lookup, environ_.variables(), arena_);
  }

  void keep(const Wanted& wanted, SecretBuffer value) {
    out_.secrets.push_back({wanted.name, wanted.deliver, std::move(value), wanted.path});
    out_.slots.push_back({wanted.name, wanted.deliver, wanted.origin, wanted.shown, wanted.path});
  }
  void fail(const Wanted& wanted, std::string_view why) {
    failures_.push_back(cat(printable(wanted.name), " (", wanted.origin, "): ", why));
  }

  Status report_failures() const {
    if (failures_.empty()) return {};
    return refuse_all(failures_, "secrets cannot be had", quoted_);
  }

  const Request& request_;
  std::vector<UniqueFd>& fds_;
  VaultAccess& vault_;
  secrets::SecretArena& arena_;
  const Spawner& spawner_;
  secrets::Environ environ_;
  std::vector<Wanted> wanted_;
  std::vector<Reference> references_;  // each once
  std::vector<Result<SecretBuffer>> values_;
  std::vector<std::string> failures_;
  std::vector<std::string> quoted_;
  bool names_level_0_ = false;
  Gathered out_;
};

}  // namespace

Result<Gathered> gather(const Request& request, std::vector<UniqueFd>& fds, VaultAccess& vault,
                        secrets::SecretArena& arena, const Spawner& spawner) {
  Gatherer gatherer(request, fds, vault, arena, spawner);
  auto gathered = gatherer.gather();
  if (!gathered) gatherer.give_back();
  return gathered;
}

}  // namespace confide::broker

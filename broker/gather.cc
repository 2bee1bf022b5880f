#include "broker/gather.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "broker/providers.h"
#include "policy/environment.h"
#include "secrets/env_file.h"
#include "secrets/resolve.h"

namespace confide::broker {
namespace {

using policy::Deliver;
using policy::Reference;
using secrets::as_text;
using secrets::SecretBuffer;

// What a name stands for before anything is resolved.
struct Wanted {
  std::string name;
  Deliver deliver = Deliver::kEnv;
  std::string path;
  std::optional<Reference> reference;  // absent: `plain` is the value
  SecretBuffer plain;
  std::string origin;
  supervisor::Shown shown = supervisor::Shown::kConcealed;
};

class Gatherer {
 public:
  Gatherer(const Request& request, std::vector<UniqueFd>& fds, secrets::SecretArena& arena, const Spawner& spawner)
      : request_(request), fds_(fds), arena_(arena), spawner_(spawner) {}

  Result<Gathered> gather() {
    TRY(read_environ());
    TRY(read_env_files());
    read_flags();
    if (request_.verb == Verb::kDescribe) {
      TRY(report_failures());
      for (const Wanted& wanted : wanted_) keep(wanted, {});
      return std::move(out_);
    }
    resolve_all();
    TRY(report_failures());
    for (const Error& problem : secrets::check_delivery(out_.secrets)) failures_.push_back(problem.what);
    TRY(report_failures());
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

  Status read_env_files() {
    std::vector<secrets::EnvFile> files;
    for (const PassedEnvFile& passed : request_.env_files) {
      const UniqueFd fd = TRY(take(passed.index));
      auto text = secrets::read_fd(fd.get(), secrets::kMaxSecretBytes, passed.path);
      if (!text) {
        if (text.error().kind != ErrorKind::kUnsupported) text.error().kind = ErrorKind::kRefused;
        return with_context("--env-file", text.error());
      }
      files.push_back(TRY(secrets::parse_env_file(std::move(*text), passed.path, environ_.variables(), arena_)));
    }
    for (secrets::EnvFileEntry& entry : secrets::merge_env_files(std::move(files))) add_entry(std::move(entry));
    return {};
  }

  void add_entry(secrets::EnvFileEntry entry) {
    Wanted wanted{.name = std::move(entry.name), .origin = cat(printable(entry.file), ":", entry.line)};
    struct Looked {
      bool reference = false;
      bool credential = false;
      std::optional<policy::Scheme> misspelt;
      std::string text;
    };
    const Looked looked = entry.value.reveal([&](std::span<const std::byte> bytes) {
      const std::string_view value = as_text(bytes);
      Looked found{.reference = policy::looks_like_reference(value), .misspelt = policy::misspelt_scheme(value)};
      if (found.reference)
        found.text = value;  // a reference is safe to hold and to print
      else
        found.credential = !policy::looks_like_credential(wanted.name, value).empty();
      return found;
    });
    if (looked.misspelt) {
      fail(wanted, cat("is no reference; did you mean ", policy::prefix_of(*looked.misspelt), "?"));
      return;
    }
    if (looked.reference) {
      auto reference = policy::parse_reference(looked.text);
      if (!reference) return fail(wanted, reference.error().what);
      wanted.reference = std::move(*reference);
    } else {
      wanted.plain = std::move(entry.value);
      // A plain value is what a file says openly; masking `staging` would destroy output.
      wanted.shown = looked.credential ? supervisor::Shown::kConcealed : supervisor::Shown::kPlain;
      if (looked.credential)
        out_.warnings.push_back(cat(wanted.origin, ": ", printable(wanted.name),
                                    " looks like a credential in plain text; put a reference there instead"));
    }
    wanted_.push_back(std::move(wanted));
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
      if (!flag->path.empty()) {
        failures_.push_back(cat(printable(flag->name),
                                " (--secret): path= is not supported yet; the file appears as /run/secrets/",
                                printable(flag->name)));
        continue;
      }
      // A flag says more than a file: it takes the name over.
      std::erase_if(wanted_,
                    [&](const Wanted& other) { return other.name == flag->name && other.origin != "--secret"; });
      wanted_.push_back({.name = flag->name,
                         .deliver = flag->deliver,
                         .path = flag->path,
                         .reference = flag->reference,
                         .plain = {},
                         .origin = "--secret"});
    }
  }

  void resolve_all() {
    secrets::ResolveContext context{.arena = arena_, .environ = &environ_, .descriptors = {}, .standard_input = {}};
    for (const PassedDescriptor& passed : request_.descriptors) {
      if (passed.index >= fds_.size() || !fds_[passed.index].valid()) continue;
      if (passed.number == 0)
        context.standard_input = std::move(fds_[passed.index]);
      else
        context.descriptors.push_back({static_cast<int>(passed.number), std::move(fds_[passed.index])});
    }
    std::vector<Resolved> provided = ask_providers();
    bool names_level_0 = false;
    size_t next_provided = 0;
    for (Wanted& wanted : wanted_) {
      if (!wanted.reference) {
        keep(wanted, std::move(wanted.plain));
        continue;
      }
      if (has_provider(wanted.reference->scheme)) {
        keep_provided(wanted, std::move(provided[next_provided++]));
        continue;
      }
      if (!secrets::is_supported(wanted.reference->scheme)) {
        fail(wanted, cat("nothing here resolves ", policy::prefix_of(wanted.reference->scheme), " yet"));
        continue;
      }
      names_level_0 = names_level_0 || wanted.reference->scheme == policy::Scheme::kEnv;
      auto value = secrets::resolve(*wanted.reference, context);
      if (value) value = secrets::for_delivery(wanted.reference->scheme, wanted.deliver, std::move(*value), arena_);
      if (!value) {
        fail(wanted, to_text(value.error()));
        continue;
      }
      keep(wanted, std::move(*value));
    }
    if (names_level_0)
      out_.warnings.emplace_back("env: takes a value that every process of yours can already read (assurance level 0)");
  }

  // All of them at once; one answer for each reference that has a provider, in order.
  std::vector<Resolved> ask_providers() {
    std::vector<Reference> references;
    for (const Wanted& wanted : wanted_)
      if (wanted.reference && has_provider(wanted.reference->scheme)) references.push_back(*wanted.reference);
    if (references.empty()) return {};
    Provided provided = resolve_with_providers(references, {spawner_, environ_, arena_});
    out_.residents = std::move(provided.residents);
    return std::move(provided.answers);
  }

  void keep_provided(const Wanted& wanted, Resolved resolved) {
    if (resolved.failed) return fail(wanted, cat(printable(wanted.reference->text), ": ", resolved.why));
    auto value = secrets::for_delivery(wanted.reference->scheme, wanted.deliver, std::move(resolved.value), arena_);
    if (!value) return fail(wanted, to_text(value.error()));
    keep(wanted, std::move(*value));
  }

  void keep(const Wanted& wanted, SecretBuffer value) {
    out_.secrets.push_back({wanted.name, wanted.deliver, std::move(value), wanted.path});
    out_.slots.push_back({wanted.name, wanted.deliver, wanted.origin, wanted.shown});
  }
  void fail(const Wanted& wanted, std::string_view why) {
    failures_.push_back(cat(printable(wanted.name), " (", wanted.origin, "): ", why));
  }

  Status report_failures() const {
    if (failures_.empty()) return {};
    if (failures_.size() == 1) return Error{ErrorKind::kRefused, 0, failures_.front()};
    return Error{ErrorKind::kRefused, 0, cat(failures_.size(), " secrets cannot be had: ", join(failures_, "; "))};
  }

  const Request& request_;
  std::vector<UniqueFd>& fds_;
  secrets::SecretArena& arena_;
  const Spawner& spawner_;
  secrets::Environ environ_;
  std::vector<Wanted> wanted_;
  std::vector<std::string> failures_;
  Gathered out_;
};

}  // namespace

Result<Gathered> gather(const Request& request, std::vector<UniqueFd>& fds, secrets::SecretArena& arena,
                        const Spawner& spawner) {
  Gatherer gatherer(request, fds, arena, spawner);
  auto gathered = gatherer.gather();
  if (!gathered) gatherer.give_back();
  return gathered;
}

}  // namespace confide::broker

#include "broker/serve_store.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/sys.h"
#include "base/text.h"
#include "broker/environments.h"
#include "broker/import_env.h"
#include "broker/prompt.h"
#include "broker/resolve_all.h"
#include "broker/vault_access.h"
#include "secrets/template.h"
#include "secrets/vault/generate.h"

namespace confide::broker {
namespace {

using secrets::SecretBuffer;
using vault::Vault;

constexpr const char* kReferencePrefix = "confide://";

Error refuse(std::string what) { return Error{ErrorKind::kRefused, 0, std::move(what)}; }

Result<vault::KeyKind> key_kind_of(const std::string& word) {
  if (const auto kind = vault::parse_key_kind(word)) return *kind;
  return Error{ErrorKind::kUsage, 0, "--key takes passphrase, keyring, systemd-creds or file"};
}

class Server {
 public:
  Server(const StoreRequest& request, std::vector<UniqueFd>& fds, const Spawner& spawner)
      : request_(request),
        fds_(fds),
        spawner_(spawner),
        access_(kVaultFd, request.terminal ? number_of(*request.terminal) : -1, arena_, &spawner_),
        environments_(kConfigFd) {}

  Result<StoreReply> answer() {
    auto answer = std::visit([this](const auto& operation) { return this->serve(operation); }, request_.operation);
    if (!answer) return answer.error();
    StoreReply reply{std::move(*answer), access_.take_notes()};
    for (std::string& note : notes_) reply.notes.push_back(std::move(note));
    return reply;
  }

 private:
  Result<Answer> serve(const MakeVault& order) {
    std::optional<vault::KeyKind> kind;
    if (!order.key.empty()) kind = TRY(key_kind_of(order.key));
    TRY(access_.make(kind));
    return state();
  }

  Result<Answer> serve(const DescribeVault&) { return state(); }

  Result<Answer> serve(const AcceptRestore&) {
    Vault* vault = TRY(access_.open(vault::Freshness::kAnyStore));
    TRY(vault->accept_restore());
    return state();
  }

  Result<Answer> serve(const ChangeKey& order) {
    TRY(access_.change_key(TRY(key_kind_of(order.key))));
    return state();
  }

  Result<Answer> serve(const CollectGarbage& order) {
    Vault* vault = TRY(access_.open());
    const vault::Collected collected = TRY(vault->collect(order.keep));
    return CollectedRows{collected.versions, collected.files};
  }

  Result<Answer> state() {
    Vault* vault = TRY(access_.open());
    VaultState state{.path = access_.where(),
                     .key = vault::name_of(vault->key_kind()),
                     .level_0 = vault::is_level_0(vault->key_kind()),
                     .id = vault->id(),
                     .writes = vault->index().count};
    for (const auto& [name, entry] : vault->index().entries) {
      ++state.secrets;
      state.versions += entry.versions.size();
    }
    return state;
  }

  Result<Answer> serve(const SetSecret& order) {
    TRY(vault::check_name(order.name));
    if (!order.generator.empty()) TRY(vault::check_generator(order.generator));
    const bool rotate = order.mode == SetSecret::Mode::kRotate;
    Vault* vault = rotate ? TRY(access_.open()) : TRY(access_.open_or_make());
    const auto entry = vault->index().entries.find(order.name);
    if (rotate && entry == vault->index().entries.end())
      return refuse(cat("the vault has no secret ", order.name, "; confide secret set makes one"));
    std::string generator = order.generator;
    ValueFrom from = order.from;
    if (rotate && from == ValueFrom::kPrompt && !entry->second.generated.empty()) {
      generator = entry->second.generated;
      from = ValueFrom::kGenerator;
    }
    const SecretBuffer value = TRY(value_of(order.name, from, generator));
    vault::NewVersion version{.name = order.name, .value = &value, .expires = {}, .generated = generator};
    if (order.expires_seconds) version.expires = ::time(nullptr) + static_cast<int64_t>(*order.expires_seconds);
    const auto numbers = TRY(vault->put({&version, 1}));
    return Stored{order.name, numbers.front()};
  }

  Result<SecretBuffer> value_of(const std::string& name, ValueFrom from, const std::string& generator) {
    switch (from) {
      case ValueFrom::kPrompt: {
        const int terminal = request_.terminal ? number_of(*request_.terminal) : -1;
        if (terminal < 0)
          return refuse("no terminal to ask on; give the value on standard input or with --from-file, or --generate");
        SecretBuffer typed = TRY(ask(terminal, cat("Value of ", name, ": "), arena_));
        if (typed.empty()) return refuse("nothing was typed; an empty value can be given with --from-file /dev/null");
        return typed;
      }
      case ValueFrom::kInput: {
        const UniqueFd input = TRY(take(request_.input));
        auto value = secrets::read_fd(arena_, input.get(), secrets::kMaxSecretBytes, cat("the value of ", name));
        if (!value && value.error().kind != ErrorKind::kUnsupported) return refuse(to_text(value.error()));
        return value;
      }
      case ValueFrom::kGenerator: return vault::generate(generator, arena_);
    }
    return refuse("no value");
  }

  // Which environments name a secret of the vault.
  Result<std::map<std::string, std::vector<std::string>>> users() const {
    std::map<std::string, std::vector<std::string>> found;
    for (const Environment& environment : TRY(environments_.all())) {
      for (const policy::Variable& variable : environment.variables) {
        const auto reference = policy::parse_reference(variable.text);
        if (variable.kind != policy::Variable::Kind::kReference || !reference) continue;
        const auto* stored = std::get_if<policy::StoredSecret>(&reference->parts);
        if (stored == nullptr) continue;
        auto& names = found[stored->environment.empty() ? stored->name : cat(stored->environment, "/", stored->name)];
        if (names.empty() || names.back() != environment.name) names.push_back(environment.name);
      }
    }
    return found;
  }

  static SecretRow row_of(const std::string& name, const vault::Entry& entry) {
    SecretRow row{.name = name,
                  .kept = entry.versions.size(),
                  .versions = {},
                  .expires = entry.expires,
                  .generator = entry.generated,
                  .users = {}};
    for (const vault::Version& version : entry.versions)
      row.versions.push_back({version.number, version.created, version.size});
    return row;
  }

  Result<Answer> serve(const ListSecrets&) {
    SecretRows rows;
    if (!access_.there_is_one()) return rows;
    Vault* vault = TRY(access_.open());
    auto known = TRY(users());
    for (const auto& [name, entry] : vault->index().entries) {
      SecretRow row = row_of(name, entry);
      row.versions.erase(row.versions.begin(), row.versions.end() - 1);
      row.users = known[name];
      rows.secrets.push_back(std::move(row));
    }
    return rows;
  }

  Result<Answer> serve(const ShowSecret& order) {
    Vault* vault = TRY(access_.open());
    const auto entry = vault->index().entries.find(order.name);
    if (entry == vault->index().entries.end()) return no_such(*vault, order.name);
    SecretRow row = row_of(entry->first, entry->second);
    row.users = TRY(users())[order.name];
    return SecretRows{{std::move(row)}};
  }

  static Error no_such(const Vault& vault, std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& [known, entry] : vault.index().entries) names.push_back(known);
    std::string what = cat("the vault has no secret ", printable(name));
    if (const auto close = nearest(name, names)) what += cat("; did you mean ", *close, "?");
    return refuse(std::move(what));
  }

  Result<Answer> serve(const RemoveSecret& order) {
    Vault* vault = TRY(access_.open());
    if (!vault->index().entries.contains(order.name)) return no_such(*vault, order.name);
    TRY(vault->remove(order.name));
    const auto known = TRY(users());
    if (const auto found = known.find(order.name); found != known.end())
      for (const std::string& user : found->second)
        notes_.push_back(cat("environment ", user, " still names ", kReferencePrefix, order.name));
    return Done{};
  }

  Result<Answer> serve(const Disclose& order) {
    const auto reference = policy::parse_reference(order.reference);
    if (!reference) return refuse(cat(printable(order.reference), ": ", reference.error().what));
    const UniqueFd output = TRY(take(request_.output));
    const bool person = order.to == Disclose::To::kPerson;
    TRY(person ? must_be_terminal(output.get()) : must_not_stay(output.get()));
    if (person && reference->scheme == policy::Scheme::kConfide) TRY(access_.confirm_person());
    const secrets::Environ environ = TRY(own_environ());
    const std::vector<policy::Reference> wanted = {*reference};
    auto values = TRY(resolve_every(wanted, {request_.descriptors, fds_, arena_, access_, environ, spawner_}));
    TRY(values.front().reveal([&](std::span<const std::byte> bytes) -> Status {
      TRY(sys::write_all(output.get(), bytes));
      if (person && (bytes.empty() || bytes.back() != std::byte{'\n'})) return sys::write_all(output.get(), "\n");
      return {};
    }));
    return Done{};
  }

  Result<Answer> serve(const Inject& order) {
    const UniqueFd output = TRY(take(request_.output));
    if (order.disk == Inject::Disk::kRefused) TRY(must_not_stay(output.get()));
    const UniqueFd input = TRY(take(request_.input));
    auto text = secrets::read_fd(input.get(), secrets::kMaxSecretBytes, order.file);
    if (!text) return refuse(to_text(text.error()));
    const secrets::Environ environ = TRY(own_environ());
    const auto parsed = TRY(secrets::Template::parse(std::move(*text), order.file, environ.variables()));
    std::vector<policy::Reference> wanted;
    for (const policy::Reference* reference : parsed.references()) wanted.push_back(*reference);
    const auto values = TRY(resolve_every(wanted, {request_.descriptors, fds_, arena_, access_, environ, spawner_}));
    const auto lookup = [&](const policy::Reference& reference) -> const SecretBuffer* {
      const auto found = std::ranges::find(wanted, reference);
      return found == wanted.end() ? nullptr : &values[static_cast<size_t>(found - wanted.begin())];
    };
    const SecretBuffer filled = TRY(parsed.render(lookup, environ.variables(), arena_));
    TRY(filled.reveal([&](std::span<const std::byte> bytes) { return sys::write_all(output.get(), bytes); }));
    return Done{};
  }

  static Status must_be_terminal(int fd) {
    if (::isatty(fd) == 1) return {};
    return refuse("standard output is no terminal; a script of yours takes --to-fd N");
  }
  // A regular file with a name would keep the value in plain text.
  static Status must_not_stay(int fd) {
    struct stat about {};
    if (::fstat(fd, &about) != 0) return Error{ErrorKind::kRefused, errno, "the descriptor to write to"};
    if (S_ISREG(about.st_mode) && about.st_nlink != 0)
      return refuse("the descriptor is a file on disk, where the value would stay in plain text; use a pipe");
    return {};
  }

  Result<Answer> serve(const ListEnvironments&) {
    EnvironmentRows rows;
    for (const Environment& environment : TRY(environments_.all())) rows.environments.push_back(row_of(environment));
    return rows;
  }
  Result<Answer> serve(const ShowEnvironment& order) {
    return EnvironmentRows{{row_of(TRY(environments_.find(order.name)))}};
  }
  static EnvironmentRow row_of(const Environment& environment) {
    EnvironmentRow row{environment.name, environment.file, {}};
    for (const policy::Variable& variable : environment.variables) {
      const bool reference = variable.kind == policy::Variable::Kind::kReference;
      row.variables.push_back(
          {variable.name, reference ? variable.text : "", name_of(variable.deliver), variable.path});
    }
    return row;
  }

  Result<Answer> serve(const CreateEnvironment& order) {
    const Environments::Lock held = TRY(environments_.lock());
    if (TRY(environments_.has(order.name))) return refuse(cat("there is an environment ", order.name, " already"));
    TRY(environments_.save(held, {.name = order.name, .file = {}, .variables = {}}));
    return Done{};
  }

  Result<Answer> serve(const SetVariables& order) {
    const Environments::Lock held = TRY(environments_.lock());
    Environment environment{.name = order.environment, .file = {}, .variables = {}};
    if (TRY(environments_.has(order.environment))) environment = TRY(environments_.find(order.environment));
    for (const std::string& text : order.variables) {
      const policy::SecretFlag flag = TRY(policy::parse_secret_flag(text));
      std::erase_if(environment.variables, [&](const policy::Variable& other) { return other.name == flag.name; });
      environment.variables.push_back(
          {.name = flag.name, .text = flag.reference.text, .deliver = flag.deliver, .path = flag.path});
    }
    TRY(environments_.save(held, environment));
    return Done{};
  }

  Result<Answer> serve(const RenameEnvironment& order) {
    const Environments::Lock held = TRY(environments_.lock());
    Environment environment = TRY(environments_.find(order.from));
    if (environment.kept == Environment::Kept::kConfiguration)
      return refuse(cat("environment ", order.from, " stands in ", printable(environment.file), ": edit it there"));
    if (TRY(environments_.has(order.to))) return refuse(cat("there is an environment ", order.to, " already"));
    environment.name = order.to;
    // The new one first: a power cut leaves two rather than none.
    TRY(environments_.save(held, environment));
    TRY(environments_.remove(held, order.from));
    return Done{};
  }

  Result<Answer> serve(const RemoveEnvironment& order) {
    const Environments::Lock held = TRY(environments_.lock());
    Environment environment = TRY(environments_.find(order.name));
    if (order.variables.empty()) {
      TRY(environments_.remove(held, order.name));
      return Done{};
    }
    for (const std::string& name : order.variables) {
      const auto gone =
          std::erase_if(environment.variables, [&](const policy::Variable& one) { return one.name == name; });
      if (gone == 0) return refuse(cat("environment ", order.name, " has no variable ", printable(name)));
    }
    TRY(environments_.save(held, environment));
    return Done{};
  }

  Result<Answer> serve(const ImportEnvironment& order) {
    const secrets::Environ environ = TRY(own_environ());
    return TRY(import_environment(order, TRY(take(request_.input)),
                                  {access_, environments_, environ, arena_, kBesideFd}, notes_));
  }

  Result<secrets::Environ> own_environ() {
    const UniqueFd fd = TRY(take(static_cast<uint32_t>(Slot::kEnviron)));
    return secrets::Environ::read(fd.get());
  }

  int number_of(uint32_t index) const { return index < fds_.size() ? fds_[index].get() : -1; }
  Result<UniqueFd> take(std::optional<uint32_t> index) {
    if (!index || *index >= fds_.size() || !fds_[*index].valid())
      return refuse("the request names a descriptor that it did not bring");
    return std::move(fds_[*index]);
  }

  const StoreRequest& request_;
  std::vector<UniqueFd>& fds_;
  const Spawner& spawner_;
  secrets::SecretArena arena_;
  VaultAccess access_;
  Environments environments_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<StoreReply> serve_store(const StoreRequest& request, std::vector<UniqueFd>& fds, const Spawner& spawner) {
  return Server(request, fds, spawner).answer();
}

}  // namespace confide::broker

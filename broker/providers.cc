#include "broker/providers.h"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <map>

#include "base/sys.h"
#include "base/text.h"
#include "broker/keyring.h"
#include "broker/provider_call.h"
#include "broker/provider_shell.h"
#include "secrets/providers/failure.h"
#include "secrets/providers/output.h"
#include "secrets/providers/table.h"

namespace confide::broker {
namespace {

using policy::Reference;
using secrets::as_text;
using secrets::Failure;
using secrets::How;
using secrets::Meaning;
using secrets::Pace;
using secrets::Provider;
using secrets::SecretBuffer;

Resolved failed(Failure failure) { return {{}, failure.meaning, std::move(failure.text)}; }

// What a whole row's failure is: asking again for each reference would only repeat it.
bool concerns_the_row(Meaning meaning) {
  return meaning == Meaning::kMissingProgram || meaning == Meaning::kNotConfigured ||
         meaning == Meaning::kNotSignedIn || meaning == Meaning::kRateLimited || meaning == Meaning::kUnreachable ||
         meaning == Meaning::kTimedOut;
}

// One reference, however many names ask for it.
struct Item {
  const Reference* reference = nullptr;
  ChosenRow chosen;
  std::optional<Resolved> done;
};

class Resolver {
 public:
  Resolver(std::span<const Reference> references, ProviderContext context)
      : references_(references), context_(context), shell_(context.environ, context.arena) {}

  std::vector<Resolved> resolve() {
    collect();
    resolve_here();
    resolve_together();
    call_each();
    return hand_out();
  }

 private:
  void collect() {
    for (const Reference& reference : references_) {
      const bool again = std::ranges::any_of(items_, [&](const Item& one) { return *one.reference == reference; });
      if (again) continue;
      Item item{&reference, choose_row(reference, shell_), {}};
      if (!item.chosen.usable) {
        const Provider& row = *item.chosen.row;
        item.done = failed(secrets::failure_of(row, row.not_found_means, row.not_found));
      }
      items_.push_back(std::move(item));
    }
  }

  // Rows that need no program.
  void resolve_here() {
    for (Item& item : items_) {
      if (item.done) continue;
      const Provider& row = *item.chosen.row;
      switch (row.how) {
        case How::kProgram: break;
        case How::kHttp:
          item.done = failed(secrets::failure_of(row, Meaning::kNotConfigured, "this build has no confide-fetch"));
          break;
        case How::kKeyring: {
          auto value = read_key(std::get<policy::KeyringKey>(item.reference->parts), row, context_.arena);
          item.done = value ? Resolved{std::move(*value), {}, {}} : failed(value.error());
          break;
        }
        case How::kFile: {
          auto value = read_file(item);
          item.done = value ? Resolved{std::move(*value), {}, {}}
                            : failed(secrets::failure_of(row, Meaning::kNoPermission, to_text(value.error())));
          break;
        }
      }
    }
  }

  Result<SecretBuffer> read_file(const Item& item) {
    const UniqueFd fd = TRY(sys::openat(AT_FDCWD, item.chosen.found, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    return secrets::read_fd(context_.arena, fd.get(), secrets::kMaxSecretBytes, item.chosen.found);
  }

  // One call for all references of a row, the values told apart by a mark that nobody can guess.
  void resolve_together() {
    std::map<const Provider*, std::vector<Item*>> rows;
    for (Item& item : items_)
      if (!item.done && item.chosen.row->pace == Pace::kTogether) rows[item.chosen.row].push_back(&item);
    for (auto& [row, together] : rows) {
      if (together.size() < 2) continue;
      const auto tried = call_together(*row, together);
      if (tried) continue;
      for (Item* item : together)
        if (!item->done) item->done = failed(secrets::failure_of(*row, Meaning::kFailed, tried.error().what));
    }
  }

  Status call_together(const Provider& row, std::vector<Item*>& together) {
    const std::string mark = TRY(new_mark());
    std::string text;
    for (const Item* item : together) text += cat("{{ ", item->reference->text, " }}", mark);
    Call call = TRY(call_of(*together.front()));
    call.order.arguments = {"inject"};
    call.variables.push_back(
        {"TEMPLATE", policy::Deliver::kStdin, TRY(context_.arena.copy_from(std::as_bytes(std::span(text)))), {}});
    std::vector<Call> calls;
    calls.push_back(std::move(call));
    CallResult result = std::move(run_calls(context_.spawner, std::move(calls), context_.arena).front());
    if (auto failure = failure_of(row, result)) {
      // Only one of them may be at fault: each is asked for by itself, so that every failing name is told.
      if (!concerns_the_row(failure->meaning)) return {};
      for (Item* item : together) item->done = failed(*failure);
      return {};
    }
    return take_apart(result.output, mark, together);
  }

  Status take_apart(const SecretBuffer& output, const std::string& mark, std::vector<Item*>& together) {
    return output.reveal([&](std::span<const std::byte> bytes) -> Status {
      std::string_view rest = as_text(bytes);
      for (Item* item : together) {
        const size_t end = rest.find(mark);
        if (end == std::string_view::npos) return {};  // asked for singly
        if (end > 0) {
          auto value = TRY(context_.arena.copy_from(std::as_bytes(std::span(rest.substr(0, end)))));
          item->done = Resolved{std::move(value), {}, {}};
        }
        rest.remove_prefix(end + mark.size());
      }
      return {};
    });
  }

  static Result<std::string> new_mark() {
    unsigned char bytes[16];
    if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) return sys::errno_error("getrandom");
    std::string mark = "\n--confide-";
    for (const unsigned char byte : bytes) {
      mark += "0123456789abcdef"[byte >> 4];
      mark += "0123456789abcdef"[byte & 15];
    }
    return mark + "--\n";
  }

  void call_each() {
    std::vector<Call> calls;
    std::vector<Item*> called;
    std::map<const Provider*, size_t> lanes;
    for (Item& item : items_) {
      if (item.done) continue;
      const Provider& row = *item.chosen.row;
      auto call = call_of(item);
      if (!call) {
        item.done = failed(secrets::failure_of(row, Meaning::kFailed, to_text(call.error())));
        continue;
      }
      // A lane of its own, or the row's.
      call->lane = row.pace == Pace::kAllAtOnce ? calls.size() : lanes.emplace(&row, calls.size()).first->second;
      calls.push_back(std::move(*call));
      called.push_back(&item);
    }
    std::vector<CallResult> results = run_calls(context_.spawner, std::move(calls), context_.arena);
    for (size_t i = 0; i < called.size(); ++i) finish(*called[i], std::move(results[i]));
  }

  Result<Call> call_of(const Item& item) {
    const Provider& row = *item.chosen.row;
    Call call{.order = TRY(shell_.order(row, *item.reference, item.chosen.found)),
              .variables = TRY(shell_.variables(row))};
    call.order.arguments = TRY(secrets::arguments_for(row, *item.reference, item.chosen.found));
    return call;
  }

  void finish(Item& item, CallResult result) {
    const Provider& row = *item.chosen.row;
    if (auto failure = failure_of(row, result)) {
      item.done = failed(std::move(*failure));
      return;
    }
    auto value = secrets::value_from_output(row, *item.reference, std::move(result.output), context_.arena);
    item.done = value ? Resolved{std::move(*value), {}, {}}
                      : failed(secrets::failure_of(row, Meaning::kUnusable, to_text(value.error())));
  }

  std::optional<Failure> failure_of(const Provider& row, const CallResult& result) {
    if (result.failed) {
      if (result.failed->kind == ErrorKind::kNotFound)
        return secrets::failure_of(row, Meaning::kMissingProgram,
                                   cat("there is no ", row.program, " in PATH that only root or you may write"));
      if (result.failed->kind == ErrorKind::kNotExecutable)
        return secrets::failure_of(row, Meaning::kMissingProgram, cat(to_text(*result.failed), " cannot be executed"));
      return secrets::failure_of(row, Meaning::kFailed, to_text(*result.failed));
    }
    // Some say by an empty answer that there is no such item.
    const bool answered = result.ended.exit_code == 0 && !result.ended.time_limit && !result.output.empty();
    if (answered) return std::nullopt;
    return result.error_text.reveal([&](std::span<const std::byte> bytes) {
      const secrets::Ending ending{result.ended.exit_code, result.ended.time_limit, as_text(bytes)};
      return secrets::explain_failure(row, ending, [&](std::string_view text) { return redacted(row, text); });
    });
  }

  // Without the values that this run has so far and the credentials of the row.
  std::string redacted(const Provider& row, std::string_view text) {
    std::string out(text);
    const auto take_out = [&](std::span<const std::byte> bytes) {
      constexpr size_t kTooShortToFind = 4;
      std::string_view value = trim(as_text(bytes));
      if (value.size() < kTooShortToFind) return;
      for (size_t at = 0; (at = out.find(value, at)) != std::string::npos;) out.replace(at, value.size(), "[…]");
    };
    for (const Item& item : items_)
      if (item.done) item.done->value.reveal(take_out);
    if (const auto variables = shell_.variables(row)) {
      for (const secrets::PreparedSecret& variable : *variables)
        for (const std::string_view credential : row.credentials)
          if (credential.substr(0, credential.find('*')) == variable.name.substr(0, credential.find('*')))
            variable.value.reveal(take_out);
    }
    return out;
  }

  std::vector<Resolved> hand_out() {
    std::vector<Resolved> all;
    for (const Reference& reference : references_) {
      Item& item = *std::ranges::find_if(items_, [&](const Item& one) { return *one.reference == reference; });
      Resolved one{{}, item.done->failed, item.done->why};
      if (!one.failed) {
        auto copy =
            item.done->value.reveal([&](std::span<const std::byte> bytes) { return context_.arena.copy_from(bytes); });
        if (copy)
          one.value = std::move(*copy);
        else
          one = failed({Meaning::kFailed, copy.error().what});
      }
      all.push_back(std::move(one));
    }
    return all;
  }

  std::span<const Reference> references_;
  ProviderContext context_;
  ProviderShell shell_;
  std::vector<Item> items_;
};

}  // namespace

bool has_provider(policy::Scheme scheme) { return !secrets::providers_of(scheme).empty(); }

std::vector<Resolved> resolve_with_providers(std::span<const Reference> references, ProviderContext context) {
  return Resolver(references, context).resolve();
}

}  // namespace confide::broker

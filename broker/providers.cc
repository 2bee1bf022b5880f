#include "broker/providers.h"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <map>

#include "base/sys.h"
#include "base/text.h"
#include "broker/fetch_call.h"
#include "broker/keyring.h"
#include "broker/programs.h"
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

Resolved failed(Failure failure) { return {{}, failure.meaning, std::move(failure.text), std::move(failure.quoted)}; }

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

  Provided resolve() {
    collect();
    resolve_here();
    run(first_jobs());
    run(jobs_for_each([](const Item&) { return true; }));  // what could not be had together
    return {hand_out(), std::move(residents_)};
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
        case How::kProgram:
        case How::kHttp: break;
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

  // One call, and whose values it brings.
  struct Job {
    enum class Kind : uint8_t { kOne, kTogether, kFetch } kind = Kind::kOne;
    Call call;
    std::vector<Item*> items;
  };

  // Everything at once: what is asked for together, over HTTP, and singly.
  std::vector<Job> first_jobs() {
    std::vector<Job> jobs;
    std::map<const Provider*, std::vector<Item*>> rows;
    for (Item& item : items_) {
      const Provider& row = *item.chosen.row;
      if (!item.done && (row.pace == Pace::kTogether || row.how == How::kHttp)) rows[&row].push_back(&item);
    }
    for (auto& [row, items] : rows) {
      const bool http = row->how == How::kHttp;
      if (!http && items.size() < 2) continue;
      auto call = http ? fetch_call(*row, items) : call_together(*row, items);
      if (call)
        jobs.push_back({http ? Job::Kind::kFetch : Job::Kind::kTogether, std::move(*call), items});
      else
        for (Item* item : items)
          item->done = failed(secrets::failure_of(*row, Meaning::kFailed, to_text(call.error())));
    }
    const auto alone = [&](const Item& item) {
      return std::ranges::none_of(jobs, [&](const Job& job) { return std::ranges::count(job.items, &item) != 0; });
    };
    for (Job& job : jobs_for_each(alone)) jobs.push_back(std::move(job));
    return jobs;
  }

  template <class Wanted>
  std::vector<Job> jobs_for_each(const Wanted& wanted) {
    std::vector<Job> jobs;
    for (Item& item : items_) {
      if (item.done || !wanted(item)) continue;
      auto call = call_of(item);
      if (call)
        jobs.push_back({Job::Kind::kOne, std::move(*call), {&item}});
      else
        item.done = failed(secrets::failure_of(*item.chosen.row, Meaning::kFailed, to_text(call.error())));
    }
    return jobs;
  }

  void run(std::vector<Job> jobs) {
    std::map<const Provider*, size_t> lanes;
    std::vector<Call> calls;
    for (Job& job : jobs) {
      const Provider& row = *job.items.front()->chosen.row;
      // A lane of its own, or the row's.
      job.call.lane = row.pace == Pace::kAllAtOnce ? calls.size() : lanes.emplace(&row, calls.size()).first->second;
      calls.push_back(std::move(job.call));
    }
    const std::vector<std::string> marks = [&] {
      std::vector<std::string> all;
      for (const Call& call : calls) all.push_back(call.mark);
      return all;
    }();
    std::vector<CallResult> results = run_calls(context_.spawner, std::move(calls), context_.arena);
    for (size_t i = 0; i < jobs.size(); ++i) {
      Job& job = jobs[i];
      if (auto& resident = results[i].resident) residents_.push_back(std::move(*resident));
      switch (job.kind) {
        case Job::Kind::kOne: finish(*job.items.front(), std::move(results[i])); break;
        case Job::Kind::kTogether: finish_together(job, results[i]); break;
        case Job::Kind::kFetch: finish_fetch(job, marks[i], results[i]); break;
      }
    }
  }

  // One call for all references of a row, the values told apart by a mark that nobody can guess.
  Result<Call> call_together(const Provider& row, const std::vector<Item*>& items) {
    mark_together_ = cat("\n--confide-", TRY(new_nonce()), "--\n");
    std::string text;
    for (const Item* item : items) text += cat("{{ ", item->reference->text, " }}", mark_together_);
    Call call = TRY(call_of(*items.front()));
    call.order.arguments = {"inject"};
    call.variables.push_back(
        {"TEMPLATE", policy::Deliver::kStdin, TRY(context_.arena.copy_from(std::as_bytes(std::span(text)))), {}});
    call.order.timeout_ms = row.timeout_ms;
    return call;
  }

  void finish_together(Job& job, const CallResult& result) {
    const Provider& row = *job.items.front()->chosen.row;
    if (auto failure = failure_of(row, result)) {
      // Only one of them may be at fault: each is asked for by itself, so that every failing name is told.
      if (!concerns_the_row(failure->meaning)) return;
      for (Item* item : job.items) item->done = failed(*failure);
      return;
    }
    if (const auto taken = take_apart(result.output, mark_together_, job.items); !taken)
      for (Item* item : job.items)
        if (!item->done) item->done = failed(secrets::failure_of(row, Meaning::kFailed, taken.error().what));
  }

  Result<Call> fetch_call(const Provider& row, const std::vector<Item*>& items) {
    Call call{.order = TRY(shell_.order(row, *items.front()->reference, {})),
              .variables = {},
              .mark = TRY(new_nonce()),
              .patience_ms = row.timeout_ms};
    call.order.program = TRY(find_program("confide-fetch"));
    call.order.timeout_ms = 0;  // it may live as long as the run
    std::vector<const Reference*> wanted;
    for (const Item* item : items) wanted.push_back(item->reference);
    call.variables.push_back(
        {"REQUEST", policy::Deliver::kStdin, TRY(fetch_request(row, wanted, call.mark, shell_, context_.arena)), {}});
    return call;
  }

  void finish_fetch(Job& job, const std::string& mark, CallResult& result) {
    const Provider& row = *job.items.front()->chosen.row;
    auto answers =
        result.failed ? std::nullopt : read_answers(row, result.output, mark, job.items.size(), context_.arena);
    for (size_t i = 0; i < job.items.size(); ++i) {
      if (answers)
        job.items[i]->done = std::move((*answers)[i]);
      else
        job.items[i]->done = failed(
            failure_of(row, result)
                .value_or(secrets::failure_of(row, Meaning::kFailed, "confide-fetch ended before it had answered")));
    }
  }

  Status take_apart(const SecretBuffer& output, const std::string& mark, const std::vector<Item*>& together) {
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

  static Result<std::string> new_nonce() {
    unsigned char bytes[16];
    if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) return sys::errno_error("getrandom");
    std::string nonce;
    for (const unsigned char byte : bytes) {
      nonce += "0123456789abcdef"[byte >> 4];
      nonce += "0123456789abcdef"[byte & 15];
    }
    return nonce;
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
      const Resolved& done = *item.done;  // NOLINT(bugprone-unchecked-optional-access): all are, once run() is over
      Resolved one{{}, done.failed, done.why, done.quoted};
      if (!one.failed) {
        auto copy =
            done.value.reveal([&](std::span<const std::byte> bytes) { return context_.arena.copy_from(bytes); });
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
  std::vector<Resident> residents_;
  std::string mark_together_;
};

}  // namespace

bool has_provider(policy::Scheme scheme) { return !secrets::providers_of(scheme).empty(); }

Provided resolve_with_providers(std::span<const Reference> references, ProviderContext context) {
  return Resolver(references, context).resolve();
}

}  // namespace confide::broker

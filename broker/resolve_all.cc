#include "broker/resolve_all.h"

#include "base/text.h"
#include "broker/providers.h"
#include "secrets/resolve.h"

namespace confide::broker {
namespace {

using secrets::SecretBuffer;

secrets::ResolveContext context_of(const Sources& sources) {
  secrets::ResolveContext context{
      .arena = sources.arena,
      .environ = &sources.environ,
      .descriptors = {},
      .standard_input = {},
      .stored = [&](const policy::StoredSecret& secret) { return sources.vault.resolve(secret); }};
  for (const PassedDescriptor& passed : sources.descriptors) {
    if (passed.index >= sources.fds.size() || !sources.fds[passed.index].valid()) continue;
    if (passed.number == 0)
      context.standard_input = std::move(sources.fds[passed.index]);
    else
      context.descriptors.push_back({static_cast<int>(passed.number), std::move(sources.fds[passed.index])});
  }
  return context;
}

Provided ask_providers(std::span<const policy::Reference> references, const Sources& sources) {
  std::vector<policy::Reference> outside;
  for (const policy::Reference& reference : references)
    if (has_provider(reference.scheme)) outside.push_back(reference);
  if (outside.empty()) return {};
  return resolve_with_providers(outside, {sources.spawner, sources.environ, sources.arena});
}

Result<SecretBuffer> value_of(const policy::Reference& reference, Resolved& resolved) {
  if (!resolved.failed) return std::move(resolved.value);
  const std::string name = printable(reference.text);
  return Error{ErrorKind::kRefused, 0, cat(name, ": ", resolved.why),
               resolved.quoted.empty() ? "" : cat(name, " said “", resolved.quoted, "”")};
}

}  // namespace

ResolvedAll resolve_all(std::span<const policy::Reference> references, const Sources& sources) {
  secrets::ResolveContext context = context_of(sources);
  Provided provided = ask_providers(references, sources);
  size_t next_provided = 0;
  ResolvedAll all{.values = {}, .residents = std::move(provided.residents)};
  auto& values = all.values;
  for (const policy::Reference& reference : references) {
    if (has_provider(reference.scheme))
      values.push_back(value_of(reference, provided.answers[next_provided++]));
    else if (secrets::is_supported(reference.scheme))
      values.push_back(secrets::resolve(reference, context));
    else
      values.push_back(
          Error{ErrorKind::kRefused, 0, cat("nothing here resolves ", policy::prefix_of(reference.scheme), " yet")});
  }
  return all;
}

Result<std::vector<SecretBuffer>> resolve_every(std::span<const policy::Reference> references, const Sources& sources) {
  std::vector<SecretBuffer> values;
  std::vector<std::string> failures;
  std::vector<std::string> quoted;
  ResolvedAll all = resolve_all(references, sources);
  end_residents(std::move(all.residents));
  for (auto& value : all.values) {
    if (value) {
      values.push_back(std::move(*value));
      continue;
    }
    failures.push_back(to_text(value.error()));
    if (!value.error().quoted.empty()) quoted.push_back(value.error().quoted);
  }
  if (failures.empty()) return values;
  return refuse_all(failures, "references cannot be resolved", quoted);
}

Error refuse_all(const std::vector<std::string>& failures, std::string_view more,
                 const std::vector<std::string>& quoted) {
  std::string text = join(failures, "; ");
  if (failures.size() > 1) text.insert(0, cat(failures.size(), " ", more, ": "));
  return {ErrorKind::kRefused, 0, std::move(text), join(quoted, "; ")};
}

}  // namespace confide::broker

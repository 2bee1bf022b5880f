#include "secrets/environ.h"

#include <algorithm>

namespace confide::secrets {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_in_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

Result<Environ> Environ::read(int fd, Backing preferred) {
  return Environ(TRY(read_fd(fd, kMaxEnvironBytes, "the caller's environment", preferred)));
}

void Environ::for_each(const std::function<void(std::string_view, std::span<const std::byte>)>& visit) const {
  block_.reveal([&](std::span<const std::byte> bytes) {
    auto rest = as_text(bytes);
    while (!rest.empty()) {
      const auto entry = rest.substr(0, rest.find('\0'));
      rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
      const size_t equals = entry.find('=');
      if (equals == std::string_view::npos || equals == 0) continue;
      visit(entry.substr(0, equals), std::as_bytes(std::span(entry.substr(equals + 1))));
    }
  });
}

bool Environ::find(std::string_view name, const ValueSink& sink) const {
  size_t found = 0;
  for_each([&](std::string_view candidate, std::span<const std::byte> value) {
    if (candidate == name && found++ == 0) sink(value);
  });
  return found > 0;
}

bool Environ::find_any_case(std::string_view name, const ValueSink& sink) const {
  if (find(name, sink)) return true;
  std::string only;
  for_each([&](std::string_view candidate, std::span<const std::byte>) {
    if (!same_in_any_case(candidate, name) || candidate == only) return;
    only = only.empty() ? std::string(candidate) : "=";  // "=": more than one, and no variable's name
  });
  return !only.empty() && find(only, sink);
}

VariableSource Environ::variables() const {
  return [this](std::string_view name, const ValueSink& sink) { return find_any_case(name, sink); };
}

std::vector<Environ::Candidate> Environ::references() const {
  std::vector<Candidate> found;
  for_each([&](std::string_view name, std::span<const std::byte> value) {
    const auto text = as_text(value);
    const auto scheme = policy::scheme_of(text);
    if (scheme && policy::names_a_store(*scheme)) found.push_back({std::string(name), std::string(text)});
  });
  return found;
}

}  // namespace confide::secrets

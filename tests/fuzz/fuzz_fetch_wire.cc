// Both ends of the pipe to confide-fetch: any bytes are a request or an error; any bytes are whole answers or none; and
// what one side writes is what the other reads.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "broker/fetch_call.h"
#include "fetch/wire.h"
#include "secrets/providers/table.h"

using namespace confide;

namespace {

constexpr std::string_view kNonce = "0123456789abcdef";

void expect(bool condition) {
  if (!condition) __builtin_trap();
}

std::string text_of(const secrets::SecretBuffer& value) {
  return value.reveal([](std::span<const std::byte> bytes) { return std::string(secrets::as_text(bytes)); });
}

void answers_come_back(const fetch::Request& request, const secrets::Provider& row, secrets::SecretArena& arena) {
  std::vector<fetch::Answer> answers;
  for (const auto& want : request.wants) {
    const std::string& text = want.front();
    const auto why = static_cast<fetch::Why>(text.size() % (static_cast<size_t>(fetch::Why::kFailed) + 1));
    answers.push_back(want.size() % 2 == 1 ? fetch::Answer{text, {}}
                                           : fetch::Answer{{}, fetch::Failure{why, text, want.back()}});
  }
  const std::string written = fetch::encode_answers(answers, kNonce);
  const auto bytes = arena.copy_from(std::as_bytes(std::span(written)));
  if (!bytes) return;  // more than memory can be locked
  const auto read = broker::read_answers(row, *bytes, std::string(kNonce), answers.size(), arena);
  expect(read.has_value() && read->size() == answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    expect((*read)[i].failed.has_value() == answers[i].failure.has_value());
    if (!answers[i].failure) expect(text_of((*read)[i].value) == answers[i].value);
    if (!answers[i].failure) continue;
    expect(static_cast<uint8_t>(*(*read)[i].failed) == static_cast<uint8_t>(answers[i].failure->why));
    expect((*read)[i].quoted == printable(answers[i].failure->quoted));
  }
  // One more or one fewer is no whole answer.
  expect(!broker::read_answers(row, *bytes, std::string(kNonce), answers.size() + 1, arena));
  if (!answers.empty()) expect(!broker::read_answers(row, *bytes, std::string(kNonce), answers.size() - 1, arena));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  secrets::SecretArena arena(secrets::Backing::kLockedMemory);
  const secrets::Provider& row = *secrets::providers_of(policy::Scheme::kVault).front();
  const auto request = fetch::parse_request(bytes);
  if (request)
    answers_come_back(*request, row, arena);
  else
    expect(request.error().kind == ErrorKind::kRefused && !request.error().what.empty());
  const auto output = arena.copy_from(std::as_bytes(std::span(bytes)));
  if (!output) return 0;
  for (size_t count = 0; count < 4; ++count) {
    const auto read = broker::read_answers(row, *output, std::string(kNonce), count, arena);
    if (!read) continue;
    expect(read->size() == count && bytes.ends_with(kNonce));
    for (const broker::Resolved& one : *read) expect(one.failed || one.value.size() <= size);
  }
  return 0;
}

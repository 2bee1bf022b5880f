#include "policy/wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "policy/presets.h"
#include "policy/wire_fields.h"
#include "resolve_support.h"

namespace confide::policy {
namespace {

// Sets every leaf of a value, however deep, to something of its own, by the same fields() that encoding uses (of which
// none can be missing: that does not compile).
class Filler {
 public:
  template <class T>
  void fill(T& value) {
    ++leaves_;
    if constexpr (std::same_as<T, bool>)
      value = !value;
    else if constexpr (std::same_as<T, double>)
      value = static_cast<double>(leaves_) + 0.5;
    else if constexpr (std::integral<T>)
      value = static_cast<T>(leaves_);
    else if constexpr (archive::detail::RangedEnum<T>)
      value = last_value(T{});
    else if constexpr (std::same_as<T, std::string>)
      value = cat("text ", leaves_);
    else if constexpr (archive::detail::kIsOptional<T>)
      fill(value.emplace());
    else if constexpr (archive::detail::kIsVector<T>)
      fill_list(value);
    else if constexpr (archive::detail::kIsMap<T>)
      fill_map(value);
    else if constexpr (archive::detail::kIsVariant<T>)
      fill_variant(value);
    else
      std::apply([this](auto&... field) { (fill(field), ...); }, fields(value));
  }
  size_t leaves() const { return leaves_; }

 private:
  template <class T>
  void fill_list(std::vector<T>& list) {
    list.resize(2);
    for (T& element : list) fill(element);
  }
  template <class K, class V, class C>
  void fill_map(std::map<K, V, C>& map) {
    K key{};
    fill(key);
    fill(map[key]);
  }
  template <class... T>
  void fill_variant(std::variant<T...>& value) {
    value.template emplace<sizeof...(T) - 1>();
    fill(std::get<sizeof...(T) - 1>(value));
  }
  size_t leaves_ = 0;
};

template <class T>
T filled() {
  T value;
  Filler filler;
  filler.fill(value);
  EXPECT_GT(filler.leaves(), 10U);
  return value;
}

TEST(Wire, BringsEveryFieldBack) {
  const Policy policy = filled<Policy>();
  EXPECT_EQ(archive::open<Policy>(1, 1, encode(policy)).value(), policy);
  const Document document = filled<Document>();
  EXPECT_EQ(archive::open<Document>(2, 1, encode(document)).value(), document);
}

TEST(Wire, BringsBackWhatResolveAndParseMake) {
  for (const std::string_view name : preset_names()) {
    ResolveInput input{
        .project_file = document("[profile.tool]\nread = [\"/srv\"]\nlimits = { cpu = 1.5, memory = \"1G\" }\n"),
        .flags = {.profile = Flag{std::string(name), "--profile"}},
        .place = shop()};
    const Policy policy = resolved(input);
    EXPECT_EQ(decode_policy(encode(policy)).value(), policy);
    EXPECT_EQ(decode_document(encode(*input.project_file)).value(), *input.project_file);
  }
}

TEST(Wire, TakesNoMessageForAnother) {
  EXPECT_EQ(decode_document(encode(Policy{})).error().what, "message: of another kind than expected");
  EXPECT_EQ(decode_policy(encode(Document{})).error().what, "message: of another kind than expected");
}

TEST(Wire, RefusesValuesThatNoPolicyHas) {
  const auto refused = [](auto change) {
    Policy policy;
    change(policy);
    return !decode_policy(encode(policy)).has_value();
  };
  EXPECT_FALSE(refused([](Policy&) {}));
  for (const char* path : {"", "relative", "/a/../b", "/a/", "//"})
    EXPECT_TRUE(refused([&](Policy& p) { p.paths.push_back({.path = path}); })) << path;
  EXPECT_TRUE(refused([](Policy& p) { p.paths.push_back({.path = std::string("/a\0b", 4)}); }));
  EXPECT_TRUE(refused([](Policy& p) { p.masks.globs.push_back("../x"); }));
  EXPECT_TRUE(refused([](Policy& p) { p.masks.exceptions.push_back(""); }));
  EXPECT_TRUE(refused([](Policy& p) { p.masks.always.push_back("/x"); }));
  EXPECT_TRUE(refused([](Policy& p) { p.environment.pass.push_back("A=B"); }));
  EXPECT_TRUE(refused([](Policy& p) { p.environment.set["A B"] = ""; }));
  EXPECT_TRUE(refused([](Policy& p) { p.environment.set["A"] = std::string("\0", 1); }));
  EXPECT_TRUE(refused([](Policy& p) { p.limits.cpus = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(refused([](Policy& p) { p.limits.cpus = -1; }));
  EXPECT_TRUE(refused([](Policy& p) { p.limits.timeout_ms = 0; }));
  EXPECT_TRUE(refused([](Policy& p) { p.limits.grace_ms = -1; }));
}

TEST(Wire, RefusesSettingsWhoseValueIsOfAnotherShape) {
  const auto refused = [](Setting setting) {
    Document document;
    document.profiles.push_back({.name = "x", .settings = {std::move(setting)}});
    return !decode_document(encode(document)).has_value();
  };
  EXPECT_FALSE(refused({Key::kNetwork, uint64_t{1}, {}}));
  EXPECT_TRUE(refused({Key::kNetwork, uint64_t{2}, {}}));
  EXPECT_TRUE(refused({Key::kNetwork, std::vector<Item>{}, {}}));
  EXPECT_TRUE(refused({Key::kNetwork, std::string("host"), {}}));
  EXPECT_TRUE(refused({Key::kRead, uint64_t{0}, {}}));
  EXPECT_TRUE(refused({Key::kRead, std::vector<Item>{{.text = "relative"}}, {}}));
  EXPECT_TRUE(refused({Key::kRead, std::vector<Pair>{}, {}}));
  EXPECT_TRUE(refused({Key::kCpu, std::numeric_limits<double>::infinity(), {}}));
  EXPECT_TRUE(refused({Key::kReadOnly, std::vector<Item>{}, {}}));  // an administrator's
  EXPECT_TRUE(refused({Key::kVersion, uint64_t{1}, {}}));
  EXPECT_TRUE(refused({Key::kGrantName, std::string("x"), {}}));
}

// Any bytes give a value or an error. What decodes encodes to the same bytes: there is one encoding.
TEST(Wire, AnyBytesAreAValueOrAnError) {
  std::minstd_rand random(1);
  const std::string policy = encode(resolved({.place = shop()}));
  const std::string preset_bytes = encode(preset("agent").value().value());
  size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = round % 2 == 0 ? policy : preset_bytes;
    const size_t changes = 1 + random() % 3;
    for (size_t i = 0; i < changes; ++i) bytes[12 + random() % (bytes.size() - 12)] = static_cast<char>(random());
    if (const auto decoded = decode_policy(bytes)) {
      ++accepted;
      ASSERT_EQ(encode(*decoded), bytes);
    }
    if (const auto decoded = decode_document(bytes)) {
      ++accepted;
      ASSERT_EQ(encode(*decoded), bytes);
      const ResolveInput input{
          .project_file = *decoded, .flags = {.profile = Flag{"agent", "--profile"}}, .place = shop()};
      (void)resolve(input).has_value();
    }
  }
  EXPECT_GT(accepted, 100U);
}

}  // namespace
}  // namespace confide::policy

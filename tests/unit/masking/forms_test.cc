// Every form of every kind of value is found, and says which it is; what is no secret is not.
#include <algorithm>
#include <functional>

#include "encoders.h"
#include "masking_support.h"

namespace confide::masking::testing {
namespace {

// The places of `input` that were replaced.
std::string covered(const Tables& tables, std::string_view input) {
  StreamMasker masker = masker_of(tables);
  const Output output = mask_pieces(masker, input, {});
  std::string mask(input.size(), '.');
  for (const Event& event : output.events) mask.replace(event.offset, event.length, event.length, '#');
  return mask;
}

// `text` is concealed wherever it stands, but for `bare` characters at either end (which hold bits of something else).
void expect_concealed(const Tables& tables, const std::string& before, const std::string& text,
                      const std::string& after, size_t bare = 0) {
  ASSERT_GT(text.size(), 2 * bare);
  const std::string input = before + text + after;
  const std::string mask = covered(tables, input);
  const std::string_view secret = std::string_view(mask).substr(before.size(), text.size());
  const size_t first = secret.find('#');
  EXPECT_TRUE(first <= bare && secret.substr(bare, text.size() - 2 * bare).find('.') == std::string_view::npos)
      << ::testing::PrintToString(input) << "\n"
      << mask;
}

void expect_form(const Tables& tables, std::string_view input, Form form) {
  StreamMasker masker = masker_of(tables);
  const Output output = mask_pieces(masker, input, {});
  ASSERT_EQ(output.events.size(), 1U) << input;
  EXPECT_STREQ(name_of(output.events[0].form), name_of(form)) << input;
}

const std::string kValues[] = {
    "sk-live-AbC123+/xyz==9876543210",
    "hunter2",
    "Tr0ub4dor&3",
    "p\"a'ss\\w%rd&<>$`{}",
    "C:\\new\\table\\x41\\u0042",
    "100%25 of %41 & &amp; it",
    "correct horse battery staple",
    "p\xc3\xa4ssw\xc3\xb6rd-\xe6\x97\xa5\xe6\x9c\xac-\xf0\x9f\x98\x80-key",
    "\xc3\xa9t\xc3\xa9-\xc3\xa0-la-plage",
    "3f786850e387550fdab836ed7e6dc881de23001b",
    "~`!@#$^*()_-+={[}]|:;<,>.?/",
    "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718",
};

using Encoder = std::function<std::string(const std::string&)>;

void each_value(const std::function<void(const Tables&, const std::string&)>& check) {
  for (const std::string& value : kValues) {
    SCOPED_TRACE(value);
    check(tables_of({{"S", value}}), value);
  }
}

TEST(Forms, AsItIs) {
  each_value([](const Tables& tables, const std::string& value) {
    expect_concealed(tables, "x ", value, " y");
    expect_concealed(tables, "TOKEN=", value, "\n");
    expect_concealed(tables, "'", value, "'");
    expect_concealed(tables, "\x1b[31m", value, "\x1b[0m");
  });
}

TEST(Forms, Base64AtEveryOffset) {
  each_value([](const Tables& tables, const std::string& value) {
    for (const std::string before : {"", "u", "us", "use", "user:"}) {
      for (const std::string after : {"", "\n", "xy", "xyz", ":more"}) {
        for (const bool url : {false, true}) {
          const auto encode = [&](const std::string& text) { return url ? to_base64_url(text) : to_base64(text); };
          const std::string text = encode(before + value + after);
          // The characters that hold only bits of the secret, and the one after.
          const size_t begin = (before.size() * 8 + 5) / 6;
          const size_t end = ((before.size() + value.size()) * 8 + 5) / 6;
          expect_concealed(tables, " " + text.substr(0, begin), text.substr(begin, end - begin),
                           text.substr(end) + " ");
        }
      }
    }
  });
}

TEST(Forms, Base64WrappedAtAnyColumn) {
  each_value([](const Tables& tables, const std::string& value) {
    const std::string text = to_base64("user:" + value);
    const size_t begin = 7;  // the first characters of which the secret decides every bit
    const size_t end = ((5 + value.size()) * 8) / 6;
    for (const size_t columns : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 16U, 19U, 64U, 76U}) {
      for (const std::string line_end : {"\n", "\r\n", "\n        ", "\\n", "\\r\\n", "\"\n  \""}) {
        const std::string wrapped = wrap(text, columns, line_end);
        const auto place = [&](size_t at) { return at + at / columns * line_end.size(); };
        expect_concealed(tables, wrapped.substr(0, place(begin)),
                         wrapped.substr(place(begin), place(end - 1) + 1 - place(begin)),
                         wrapped.substr(place(end - 1) + 1));
      }
    }
  });
}

// The characters of which the bytes [first, last) decide every bit.
std::pair<size_t, size_t> decided(size_t first, size_t last) { return {(first * 8 + 5) / 6, last * 8 / 6}; }

void expect_part_concealed(const Tables& tables, const std::string& text, std::pair<size_t, size_t> part) {
  expect_concealed(tables, text.substr(0, part.first), text.substr(part.first, part.second - part.first),
                   text.substr(part.second));
}

TEST(Forms, Base64OfBase64AndOfUtf16) {
  each_value([](const Tables& tables, const std::string& value) {
    for (const std::string before : {"", "a", "ab", "abc", "user:"}) {
      const std::string once = to_base64(before + value + "!!");
      const auto inner = decided(before.size(), before.size() + value.size());
      for (const std::string outside : {"", "k", "k=", "k: "}) {
        expect_part_concealed(tables, to_base64(outside + once),
                              decided(outside.size() + inner.first, outside.size() + inner.second));
      }
      const std::string utf16 = to_utf16(before + value + "!", false);
      const size_t from = to_utf16(before, false).size();
      const size_t to = from + to_utf16(value, false).size();
      expect_part_concealed(tables, to_base64(utf16), decided(from, to));
    }
  });
}

TEST(Forms, HexAndBase32) {
  each_value([](const Tables& tables, const std::string& value) {
    for (const std::string_view digits : {std::string_view("0123456789abcdef"), kUpperHex}) {
      expect_concealed(tables, "0x", to_hex(value, digits), " ");
      expect_concealed(tables, "", to_hex(value, digits, ":"), "\n");
      expect_concealed(tables, "", to_hex(value, digits, " "), "\n");
      expect_concealed(tables, "", to_hex(value, digits, ", ", "0x"), "\n");
      expect_concealed(tables, "", wrap(to_hex(value, digits), 20, "\n"), "\n");
      expect_concealed(tables, "", wrap(to_hex(value, digits, ":"), 45, "\n    "), "\n");
      if (value.find('\\') == std::string::npos && value.find('%') == std::string::npos) {
        expect_concealed(tables, "", to_hex(value, digits, "", "\\x"), "\n");
      }
    }
    for (const std::string before : {"", "a", "ab", "abc", "abcd", "abcde"}) {
      const std::string text = to_base32(before + value + "tail");
      const size_t begin = (before.size() * 8 + 4) / 5;
      const size_t end = (before.size() + value.size()) * 8 / 5;
      expect_concealed(tables, text.substr(0, begin), text.substr(begin, end - begin), text.substr(end));
    }
    std::string decimal;
    for (const char c : value) decimal += (decimal.empty() ? "" : ",") + std::to_string(static_cast<unsigned char>(c));
    expect_concealed(tables, "{\"type\":\"Buffer\",\"data\":[", decimal, "]}");
    expect_concealed(tables, "[", replace_all(decimal, ",", " "), "]");
  });
}

TEST(Forms, EscapedInAnyWay) {
  const std::vector<std::pair<const char*, Encoder>> encoders = {
      {"percent", [](const std::string& v) { return to_percent(v); }},
      {"percent lower", [](const std::string& v) { return to_percent(v, "0123456789abcdef"); }},
      {"percent every", [](const std::string& v) { return to_percent(v, kUpperHex, true); }},
      {"percent twice", [](const std::string& v) { return to_percent(to_percent(v)); }},
      {"json", [](const std::string& v) { return to_json(v, false, false); }},
      {"json ascii", [](const std::string& v) { return to_json(v, true, true); }},
      {"json in json", [](const std::string& v) { return to_json(to_json(v, false, false), false, false); }},
      {"json thrice",
       [](const std::string& v) { return to_json(to_json(to_json(v, true, false), true, false), true, true); }},
      {"html", [](const std::string& v) { return to_html(v); }},
      {"html twice", [](const std::string& v) { return to_html(to_html(v)); }},
      {"entities", [](const std::string& v) { return to_numeric_entities(v, false); }},
      {"hex entities", [](const std::string& v) { return to_numeric_entities(v, true); }},
      {"c octal", [](const std::string& v) { return to_c_string(v, true); }},
      {"c hex", [](const std::string& v) { return to_c_string(v, false); }},
      {"shell",
       [](const std::string& v) { return to_shell_single_quotes(v).substr(1, to_shell_single_quotes(v).size() - 2); }},
      {"shell double", [](const std::string& v) { return replace_all(replace_all(v, "\\", "\\\\"), "\"", "\\\""); }},
      {"sql", [](const std::string& v) { return replace_all(v, "'", "''"); }},
      {"csv", [](const std::string& v) { return replace_all(v, "\"", "\"\""); }},
      {"url in json", [](const std::string& v) { return to_json(to_percent(v), false, true); }},
  };
  each_value([&](const Tables& tables, const std::string& value) {
    for (const auto& [name, encode] : encoders) {
      SCOPED_TRACE(name);
      // Backslashes before the first character's own are nobody's.
      const std::string text = encode(value);
      const size_t begin = text.starts_with("\\\\") ? text.find_first_not_of('\\') - 1 : 0;
      expect_concealed(tables, "key: \"" + text.substr(0, begin), text.substr(begin), "\",\n");
    }
  });
}

TEST(Forms, AnyMixtureOfPercentEncoding) {
  each_value([](const Tables& tables, const std::string& value) {
    for (unsigned seed = 1; seed < 40; ++seed) {
      std::string text;
      unsigned state = seed * 2654435761U;
      for (const char c : value) {
        state = state * 1664525U + 1013904223U;
        // What the encoding itself needs is always encoded.
        const bool must = c == '%' || c == '&' || c == '\\';
        text += must || (state >> 28) < 6
                    ? "%" + to_hex({&c, 1}, (state >> 24 & 1) != 0 ? kUpperHex : "0123456789abcdef")
                    : std::string(1, c);
      }
      if (value.find('%') != std::string::npos || value.find('\\') != std::string::npos)
        continue;  // see EscapedInAnyWay
      expect_concealed(tables, "?q=", text, "&x=1");
    }
  });
}

TEST(Forms, SpacedColouredOnePerLine) {
  each_value([](const Tables& tables, const std::string& value) {
    for (const std::string_view gap : {" ", "  ", "\t", "\n", "\r\n", "\x1b[1m", "\x1b[0m\x1b[38;5;123m",
                                       "\x1b[38;2;255;100;100m", "\x1b(B\x1b[m", "                "}) {
      expect_concealed(tables, "", between_characters(value, gap), "");
    }
    const size_t half = value.size() / 2;
    expect_concealed(tables, "", value.substr(0, half) + "\x1b[32m" + value.substr(half), "");
  });
}

TEST(Forms, GapsHaveAnEnd) {
  const Tables tables = tables_of({{"S", "hunter2-x"}});
  EXPECT_EQ(mask(tables, "hunter" + std::string(kMaxGap, ' ') + "2-x"), marker());
  const std::string wide = "hunter" + std::string(kMaxGap + 1, ' ') + "2-x";
  EXPECT_EQ(mask(tables, wide), wide);
}

TEST(Forms, OtherCasesAndReversed) {
  const Tables tables = tables_of({{"S", "Sk-Live-abCdEf"}});
  expect_form(tables, "SK-LIVE-ABCDEF", Form::kUpper);
  expect_form(tables, "sk-live-abcdef", Form::kLower);
  expect_form(tables, "fEdCba-eviL-kS", Form::kReversed);
  // Of one case only: the other may be any word.
  EXPECT_EQ(mask(tables_of({{"S", "frobnicator"}}), "FROBNICATOR"), "FROBNICATOR");
  each_value([](const Tables& all, const std::string& value) {
    std::string reversed;
    for (size_t i = 0; i < value.size();) {
      size_t length = 1;
      while (i + length < value.size() && (value[i + length] & 0xc0) == 0x80) ++length;
      reversed.insert(0, value.substr(i, length));
      i += length;
    }
    expect_concealed(all, "", reversed, "");
  });
}

TEST(Forms, Utf16AndLatin1) {
  each_value([](const Tables& tables, const std::string& value) {
    expect_concealed(tables, "", to_utf16(value, false), "", 1);
    expect_concealed(tables, "", to_utf16(value, true), "", 1);
  });
  const Tables tables = tables_of({{"S", "\xc3\xa9t\xc3\xa9-\xc3\xa0-la-plage"}});
  expect_form(tables, "\xe9t\xe9-\xe0-la-plage", Form::kLatin1);
  expect_form(tables, "\\xe9t\\xe9-\\xe0-la-plage", Form::kLatin1);
}

TEST(Forms, PartsFromHalfOfTheCharacters) {
  const std::string value = "sk-live-AbC123xyz9876543210";  // 27: parts of 14
  const Tables tables = tables_of({{"S", value}});
  for (size_t length = 0; length < value.size(); ++length) {
    const bool enough = length >= 14;
    const std::string prefix = value.substr(0, length);
    EXPECT_EQ(mask(tables, prefix + "!"), enough ? marker() + "!" : prefix + "!");
    const std::string suffix = value.substr(value.size() - length);
    EXPECT_EQ(mask(tables, "!" + suffix), enough ? "!" + marker() : "!" + suffix);
  }
  const Tables whole = tables_of({{"S", value}}, {.partial = Partial::kOff});
  EXPECT_EQ(mask(whole, value.substr(1) + " " + value), value.substr(1) + " " + marker());
  expect_form(tables, value.substr(0, 20), Form::kPartial);
  // Parts of encoded forms, too.
  expect_concealed(tables, "", to_base64(value).substr(0, 20), "!");
  expect_concealed(tables, "!", to_hex(value).substr(20), "");
}

TEST(Forms, WhiteSpaceAsPlus) {
  const Tables tables = tables_of({{"S", "correct horse battery staple"}});
  expect_form(tables, "correct+horse+battery+staple", Form::kPlusSpaces);
  expect_form(tables, "correct%20horse%20battery%20staple", Form::kPercent);
}

TEST(Forms, NamesWhatItFound) {
  const std::string value = "sk-live/AbC123+xyz";
  const Tables tables = tables_of({{"S", value}});
  expect_form(tables, value, Form::kRaw);
  expect_form(tables, between_characters(value, " "), Form::kSpaced);
  // What is spaced of itself is not spaced by anybody.
  expect_form(tables_of({{"S", "correct horse battery"}}), "correct horse battery", Form::kRaw);
  expect_form(tables_of({{"S", "correct horse battery"}}), "correct \x1b[1mhorse battery", Form::kSpaced);
  expect_form(tables, to_percent(value), Form::kPercent);
  expect_form(tables, to_json(value, false, true), Form::kBackslash);
  expect_form(tables, to_numeric_entities(value, true), Form::kEntity);
  expect_form(tables, to_utf16(value, false), Form::kUtf16);
  expect_form(tables, to_base64(value), Form::kBase64);
  expect_form(tables, to_base64(to_base64(value)), Form::kBase64Twice);
  expect_form(tables, to_base64(to_utf16(value, false)), Form::kBase64Utf16);
  expect_form(tables, to_base32(value), Form::kBase32);
  expect_form(tables, to_hex(value), Form::kHex);
  expect_form(tables, to_hex(value, kUpperHex, ":"), Form::kHexColons);
  expect_form(tables, to_hex(value, kUpperHex, ",", "0x"), Form::kHexList);
}

TEST(Forms, NothingInTextWithoutSecrets) {
  const Tables tables =
      tables_of({{"S", "sk-live-AbC123+/xyz==9876543210"}, {"T", "postgres://app:q7Zr.x9Lm2@db/shop"}});
  for (const std::string text : {"sk-live- is the prefix of our keys", "AbC123 xyz", "connect to postgres:// and app",
                                 "%41%42 &amp; \\u0041", "c2stbGl2", "736b2d6c697665"}) {
    EXPECT_EQ(mask(tables, text), text);
  }
}

}  // namespace
}  // namespace confide::masking::testing

/* Text as the inside of a JSON string, as Go writes it. */
#include "monitor.h"

/* Bytes that cannot stand for themselves, or that need a closer look. */
static const bool special[256] = {[0 ... 0x1f] = true, [0x7f ... 0xff] = true, ['"'] = true,
				  ['\\'] = true, ['<'] = true, ['>'] = true, ['&'] = true};

static int sequence_length(const unsigned char *text, size_t size);

size_t json_escape(const char *text, size_t size, json_put *put, void *to) {
	static const char digits[] = "0123456789abcdef";
	size_t total = 0, plain = 0, at = 0;

	while (at < size) {
		unsigned char byte = text[at];
		if (!special[byte]) {
			at++;
			continue;
		}
		char code[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
		size_t length = sizeof code;
		int used = byte < 0x80 ? 1 : sequence_length((const unsigned char *)text + at, size - at);
		if (byte == '"' || byte == '\\' || byte == '\n' || byte == '\r') {
			code[1] = byte == '\n' ? 'n' : byte == '\r' ? 'r' : (char)byte;
			length = 2;
		} else if (used == 3 && (!memcmp(text + at, "\u2028", 3) || !memcmp(text + at, "\u2029", 3))) {
			memcpy(code + 2, text[at + 2] & 1 ? "2029" : "2028", 4);
		} else if (used > 1) {
			at += used;
			continue;
		} else if (byte >= 0x80) {
			memcpy(code + 2, "fffd", 4);
		}
		total += at - plain + length;
		if (put) {
			put(to, text + plain, at - plain);
			put(to, code, length);
		}
		at += used ? used : 1;
		plain = at;
	}
	if (put)
		put(to, text + plain, size - plain);
	return total + size - plain;
}

/* Bytes of the UTF-8 sequence at text, 0 when it is none. */
static int sequence_length(const unsigned char *text, size_t size) {
	unsigned first = text[0], low = 0x80, high = 0xbf;
	int length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3
		   : first >= 0xf0 && first <= 0xf4 ? 4 : 0;

	if (!length || (size_t)length > size)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (int i = 2; i < length; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return length;
}

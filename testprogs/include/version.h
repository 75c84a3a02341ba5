/* VERSION as a part of a string. */
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

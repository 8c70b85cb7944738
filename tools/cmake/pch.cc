// Holds the precompiled headers; see Trama.cmake.

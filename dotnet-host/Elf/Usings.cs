global using UpStare.Frontend.Metadata; // ElfFile

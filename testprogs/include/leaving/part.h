int part(int);

#include <stdio.h>
int g=10,*gp=&g; double gd=1; float gf=1; unsigned gu=3; long gl=5; struct {int m;} gs={4}; int ga[2]={1,2}; char *pc="x", buf[3];
int t(int x){g+=100;gd+=100;gf+=100;gu+=100;gl+=100;gs.m+=100;ga[0]+=100;pc=buf;return x;} double td(double x){t(0);return x;} long tl(long x){t(0);return x;} char*tp(void){t(0);return buf;}
int main(void){
printf("-*gp+t %d\n", -*gp+t(1)); g=10; printf("-gs.m+t %d\n", -gs.m+t(1)); gs.m=4; printf("gs.m+t %d\n", gs.m+t(1)); gs.m=4; printf("ga0+t %d\n", ga[0]+t(1)); 
gd=1; printf("gd+td %g\n", gd+td(1)); gd=1; printf("gd+t %g\n", gd+t(1)); gd=1;printf("gd*td %g\n", gd*td(2)); gf=1; printf("gf+td %g\n", gf+td(1)); gf=1; printf("gf+(float)td %g\n", gf+(float)td(1)); gd=1; printf("gd<td %d\n", gd<td(50));
g=10; printf("g<tl %d\n", g<tl(50)); gl=5; printf("gl<t %d\n", gl<t(50)); gl=5; printf("gl+t %ld\n", gl+t(50)); pc="x"; printf("pc==tp %d\n", pc==tp()); g=10; printf("gu<t %d\n", (gu=3, gu<t(50))); g=10; printf("g+1+t %d\n", g+1+t(1)); g=10; printf("g*2+t %d\n", g*2+t(1)); g=10; printf("~g+t %d\n", ~g+t(1)); g=10; printf("-(g+1)+t %d\n", -(g+1)+t(1)); g=10; printf("-g-t %d\n", -g-t(1)); g=10; printf("g-t %d\n", g-t(1)); g=10; printf("g-(-t) %d\n", g-(-t(1))); g=10; printf("g- -tg %d\n", g+(-t(1)));  g=10; printf("g+ (t+1) %d\n", g+(t(1)+1)); g=10; printf("(g,..)&t %d\n", (g&0xff)&t(127)); g=10;printf("!g==t %d\n", !g==t(0)); gd=1; printf("-gd+td %g\n", -gd+td(1));
printf("%d\n", (g=10, g+t(1)+g)); printf("%d\n", (g=10,t(1)+g)); printf("%d\n", (g=10,gs.m=4, gs.m==t(4)));printf("%d\n", (g=10,gp[0]<t(4)));
return 0;}
